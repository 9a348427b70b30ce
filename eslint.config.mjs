import tseslint from 'typescript-eslint';

/** Constructors are not counted: Nest hands them their services. */
const MANY_PARAMETERS = [
  'FunctionDeclaration[params.length>3]',
  'ArrowFunctionExpression[params.length>3]',
  'MethodDefinition[kind!="constructor"] > FunctionExpression[params.length>3]',
].join(', ');

export default tseslint.config(
  {
    ignores: [
      '**/dist',
      'coverage',
      'node_modules',
      '.data',
      'clients/typescript/src/schema.ts',
      'examples/web/main.js',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-console': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', { selector: MANY_PARAMETERS, message: 'At most three positional parameters.' }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'The environment is read once, in src/config.' },
        { object: 'Math', property: 'random', message: 'Randomness comes from common/random.ts.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'class-validator', importNames: ['IsOptional'], message: 'It lets null through: OptionalNotNull.' },
          ],
        },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // DTO classes are shapes: what is on the wire is a plain object.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['src/config/**/*.ts', 'src/testing/**/*.ts', 'test/**', 'bench/**', 'scripts/**', '*.mjs'],
    rules: { 'no-restricted-properties': 'off', 'no-console': 'off' },
  },
  {
    // Bodies that come over the wire have no type; the OpenAPI document checks them.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // A row of `it.each` is a list of parameters.
      'no-restricted-syntax': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
);
