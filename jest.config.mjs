import { availableParallelism } from 'node:os';

export default {
  rootDir: '.',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  ...(process.argv.some((argument) => /^--(?:coverage|collectCoverage)\b/.test(argument))
    ? // What is not run by Jest is not counted by it. Nest is ESM: it is compiled to CommonJS then.
      { transformIgnorePatterns: ['/node_modules/(?!(@nestjs|content-disposition|sql-template-tag)/)'] }
    : {
        runtime: '<rootDir>/test/support/runtime.cjs',
        testEnvironment: '<rootDir>/test/support/environment.cjs',
        // They are Node's own, and the next file's.
        testEnvironmentOptions: { globalsCleanup: 'off' },
      }),
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', '^roost/testing$': '<rootDir>/src/testing/testing' },
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
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/roost.ts'],
  reporters: ['default', '<rootDir>/test/support/slowest-reporter.mjs'],
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'lcov'],
  // Many tests wait for time-outs: two more files have a processor meanwhile.
  maxWorkers: availableParallelism() + 2,
  // No test is about time: a busy machine takes longer, and is right.
  testTimeout: 240_000,
};
