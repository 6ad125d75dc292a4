import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const pure = (message) => ({
  'no-restricted-globals': [
    'error',
    { name: 'Date', message },
    { name: 'setTimeout', message },
    { name: 'fetch', message },
    { name: 'process', message },
  ],
  'no-restricted-syntax': [
    'error',
    {
      selector: ':function[async=true]',
      message: 'The domain is synchronous: let the application layer await, and hand the result in.',
    },
    {
      selector: "MemberExpression[object.name='Math'][property.name='random']",
      message: 'No randomness here: let the id or the number travel in the command.',
    },
    {
      selector: "MemberExpression[object.name='crypto'][property.name=/^random/]",
      message: 'No randomness here: let the id travel in the command.',
    },
  ],
});

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'data/**', 'coverage/**', '*.cjs'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An index that the code has just established is clearer than a branch that cannot be reached.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Nest modules are empty classes with a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      // Nest and adapters implement asynchronous ports with synchronous engines.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // What starts with an underscore is left out on purpose.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // DTOs are plain objects that the validation let through: there is no prototype to lose.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['services/*/src/{domain,projections}/**/*.ts', 'libs/topology/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: pure('The domain has no clock and no I/O: let the value travel in the command.'),
  },
  {
    files: ['**/*.spec.ts', '**/testing/**/*.ts', '**/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        fetch: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        AbortSignal: 'readonly',
        AbortController: 'readonly',
        TextDecoder: 'readonly',
        TextDecoderStream: 'readonly',
        performance: 'readonly',
        URLSearchParams: 'readonly',
        structuredClone: 'readonly',
      },
    },
  },
  prettier,
);
