import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// `auto` must choose the same on every machine, whatever is installed: only the native tests look elsewhere
const env = { THAW_NATIVE_DIR: join(import.meta.dirname, '.cache', 'no-native') }

/** Three suites by cost: pure units, parity with PyTorch, and real processes. */
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          env,
          include: ['test/unit/**/*.test.ts'],
          exclude: ['**/*.mocked.test.ts'],
          // a machine that others use too
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: 2,
          // reading tfjs anew for each file would cost as much as all tests together
          isolate: false,
        },
      },
      {
        test: {
          // tests that put something in a module's place, which files that share modules would see
          name: 'unit-mocked',
          env,
          include: ['test/unit/**/*.mocked.test.ts'],
          // a machine that others use too
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'numerics',
          include: ['test/numerics/**/*.test.ts', 'test/parity/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'process',
          env,
          include: ['test/process/**/*.test.ts'],
          // real processes on a machine that others use too: a second try, never a third
          retry: process.env.CI ? 1 : 0,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          globalSetup: ['test/support/build.ts'],
        },
      },
    ],
  },
})
