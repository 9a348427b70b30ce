import { availableParallelism } from 'node:os';

/** Nest 12 is ESM and some of its companions are CommonJS: under Jest everything is compiled to CommonJS. */
export default {
  rootDir: '.',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testEnvironment: 'node',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(@nestjs|content-disposition)/)'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/roost.ts'],
  reporters: ['default', '<rootDir>/test/support/slowest-reporter.mjs'],
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'lcov'],
  // Many tests wait for time-outs: one more file has a processor meanwhile.
  maxWorkers: availableParallelism() + 1,
  // No test is about time: a busy machine takes longer, and is right.
  testTimeout: 240_000,
};
