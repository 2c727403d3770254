import './test-support/node20.ts'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: `${import.meta.dirname}/..`,
    include: ['shared/**/*.test.ts', 'server/**/*.test.ts', 'desktop/**/*.test.ts', 'build/**/*.test.ts'],
    exclude: ['**/*.e2e.test.ts', 'node_modules/**', 'dist/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make the numeric tests wait for each other.
    maxWorkers: 2,
  },
})
