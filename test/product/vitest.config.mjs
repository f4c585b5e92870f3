import { defineConfig } from 'vitest/config'

/** Real windows of a real editor: one after the other, with time. */
export default defineConfig({
  test: {
    include: ['test/product/**/*.test.mjs'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    maxWorkers: 1,
    bail: 0,
    // a browser on a machine that others use too: a second try, never a third
    retry: process.env.CI ? 1 : 0,
  },
})
