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
  },
})
