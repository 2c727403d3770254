import './test-support/node20.ts'
import { defineConfig } from 'vitest/config'

/** Tests against the real program: one after the other, because each has a window and a network to run. */
export default defineConfig({
  test: {
    root: `${import.meta.dirname}/..`,
    include: ['**/*.e2e.test.ts'],
    exclude: ['node_modules/**', 'dist/**', 'out/**'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // Real windows on shared machines: what fails twice in a row has failed.
    retry: process.env.CI ? 1 : 0,
    reporters: ['default'],
  },
})
