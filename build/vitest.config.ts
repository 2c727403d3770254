import './test-support/node20.ts'
import { defineConfig } from 'vitest/config'
import { POSTGRES_BIN } from '../server/test/postgres.ts'

/** Tests of whole servers: they run once more on PostgreSQL where it is installed. */
const SERVER_TESTS = ['server/test/*.test.ts']

/** Tests there that need no database, or choose theirs. */
const ONCE = [
  'shared-ring',
  'thread',
  'trial',
  'models-process',
  'database-outage',
  'database-start',
  'disk-full',
  'backup',
]

export default defineConfig({
  test: {
    root: `${import.meta.dirname}/..`,
    globalSetup: ['server/test/postgres-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Real processes on shared machines: what fails twice in a row has failed.
    retry: process.env.CI ? 1 : 0,
    // Two cores: more workers only make the numeric tests wait for each other.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['shared/**/*.test.ts', 'server/**/*.test.ts', 'desktop/**/*.test.ts', 'build/**/*.test.ts'],
          exclude: ['**/*.e2e.test.ts', 'node_modules/**', 'dist/**'],
        },
      },
      ...(POSTGRES_BIN
        ? [
            {
              extends: true as const,
              test: {
                name: 'postgres',
                include: SERVER_TESTS,
                exclude: ['**/*.e2e.test.ts', ...ONCE.map((name) => `server/test/${name}.test.ts`)],
                env: { CRYOMAMBA_TEST_DATABASE: 'postgres' },
              },
            },
          ]
        : []),
    ],
  },
})
