// SPDX-License-Identifier: Apache-2.0
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const counted = { skipBlankLines: true, skipComments: true };

/** What Node and our scripts have without an import. */
const nodeGlobals = Object.fromEntries(
  (
    'AbortController AbortSignal Buffer TextDecoder TextEncoder URL clearInterval clearTimeout console fetch ' +
    'performance process queueMicrotask setImmediate setInterval setTimeout structuredClone'
  )
    .split(' ')
    .map((name) => [name, 'readonly']),
);

const sizes = {
  'max-lines': ['error', { max: 600 }],
  'max-lines-per-function': ['error', { max: 100, ...counted }],
  // Three, then an options object; the fourth is left to judgement.
  'max-params': ['error', { max: 4 }],
};

const everywhere = {
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-console': 'error',
  'no-warning-comments': ['error', { terms: ['fixme', 'xxx'], location: 'start' }],
  'prefer-const': 'error',
  ...sizes,
};

const typed = {
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  // Numbers in messages are the rule here, not an accident.
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  // Values from JavaScript callers and JSON are not what their types promise: they are checked all the same.
  '@typescript-eslint/no-unnecessary-condition': 'off',
  '@typescript-eslint/no-base-to-string': 'off',
  // An async method may wait for nothing: its interface, or a fake, wants a promise.
  '@typescript-eslint/require-await': 'off',
  // Typed-array elements are checked by length, and `!` says so in one character.
  '@typescript-eslint/no-non-null-assertion': 'off',
  '@typescript-eslint/no-confusing-void-expression': 'off',
  '@typescript-eslint/no-misused-spread': 'off',
  '@typescript-eslint/no-unsafe-enum-comparison': 'off',
};

/** Tests are long lists of cases and meddle with types on purpose. */
const inTests = {
  'max-lines-per-function': 'off',
  'no-console': 'off',
  '@typescript-eslint/no-unsafe-argument': 'off',
  '@typescript-eslint/no-unsafe-assignment': 'off',
  '@typescript-eslint/no-unsafe-call': 'off',
  '@typescript-eslint/no-unsafe-member-access': 'off',
  '@typescript-eslint/no-unsafe-return': 'off',
  '@typescript-eslint/no-implied-eval': 'off',
  '@typescript-eslint/unbound-method': 'off',
};

export default defineConfig(
  globalIgnores([
    'build/',
    'dist/',
    '.sdk/',
    'prebuilds/',
    'coverage/',
    'docs/reference/api/',
    'docs/.vitepress/cache/',
    '**/fixtures/',
  ]),
  js.configs.recommended,
  { rules: everywhere, languageOptions: { globals: nodeGlobals } },
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    // TypeScript itself knows which names exist.
    rules: { ...typed, 'no-undef': 'off' },
  },
  { files: ['test/**/*.ts'], rules: inTests },
  // Scripts, examples and benchmarks talk to a terminal.
  {
    files: ['scripts/**', 'examples/**', 'benchmarks/**', '*.config.*'],
    rules: { 'no-console': 'off' },
  },
  // Inlined into the report's page; names of the browser are TypeScript's to check (@ts-check).
  {
    files: ['lib/html/*.js'],
    languageOptions: { sourceType: 'script' },
    rules: { 'no-undef': 'off', 'max-lines-per-function': 'off' },
  },
  // Outside of the one TypeScript program; two lines each.
  globalIgnores(['npm/**/*.d.ts']),
  {
    files: ['**/*.cjs', 'npm/**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { __dirname: 'readonly', __filename: 'readonly', module: 'writable', require: 'readonly' },
    },
  },
);
