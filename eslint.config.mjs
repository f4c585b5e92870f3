import js from '@eslint/js'
import boundaries from 'eslint-plugin-boundaries'
import tseslint from 'typescript-eslint'

/** The house's rooms and what each may import: docs/design, section "The house". */
const rooms = {
  spec: [],
  events: ['spec'],
  engine: ['spec', 'events'],
  native: ['spec', 'events', 'engine'],
  own: ['spec', 'events', 'engine'],
  runner: ['spec', 'events', 'engine', 'native', 'own'],
  study: ['spec', 'events', 'engine', 'own', 'runner'],
  cli: ['spec', 'events', 'engine', 'native', 'own', 'runner', 'notebook', 'study'],
  notebook: ['spec', 'events', 'engine', 'own', 'runner'],
  tsserver: [],
  extension: ['spec', 'events', 'engine', 'native', 'own', 'runner', 'notebook', 'tsserver'],
}

const allow = (from, to, kind) => ({
  from: { element: { type: from } },
  allow: { to: { element: { type: to } }, ...(kind && { dependency: { kind } }) },
})

const nodeModules = [
  'node:*',
  'fs',
  'path',
  'os',
  'child_process',
  'worker_threads',
  'net',
  'crypto',
  'util',
  'url',
  'stream',
]

export default tseslint.config(
  {
    ignores: [
      'dist',
      'out',
      'node_modules',
      '.cache',
      '.vscode-test',
      'test-results',
      'test/fixtures',
      '**/*.d.ts',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'webview/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'boundaries/elements': [
        ...Object.keys(rooms).map((type) => ({ type, pattern: `src/${type}` })),
        { type: 'webview', pattern: 'webview' },
      ],
      'import/resolver': {
        typescript: { project: ['tsconfig.json', 'webview/tsconfig.json'], noWarnOnMultipleProjects: true },
      },
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            ...Object.entries(rooms).flatMap(([from, allowed]) =>
              [from, ...allowed].map((to) => allow(from, to)),
            ),
            allow('webview', 'webview'),
            ...['spec', 'events', 'extension'].map((to) => allow('webview', to, 'type')),
          ],
          message:
            '{{from.element.type}} may not import {{to.element.type}}: see the table of rooms in CONTRIBUTING.md',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/extension/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'vscode', message: 'only src/extension talks to the editor' }] },
      ],
    },
  },
  {
    // the engine could train in a browser worker one day: no process, no console, Node only in its readers
    files: ['src/engine/**/*.ts'],
    ignores: [
      'src/engine/data/**',
      'src/engine/formats/**',
      'src/engine/backend/native/**',
      'src/engine/backend/wasm/files.ts',
      'src/engine/backend/webgpu/**',
      'src/engine/media.ts',
    ],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': ['error', 'process', 'Buffer', '__dirname', 'require'],
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'vscode', message: 'only src/extension talks to the editor' }],
          patterns: [
            {
              group: nodeModules,
              message: 'the engine uses Node only in the readers of data and formats and in backend/native',
            },
          ],
        },
      ],
    },
  },
  { files: ['src/engine/**/*.ts'], rules: { 'no-console': 'error' } },
  {
    files: ['native/tfjs/index.js'],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'writable', require: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['**/*.mjs', 'test/**/*.ts', 'media/make/**'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-explicit-any': 'off' },
  },
)
