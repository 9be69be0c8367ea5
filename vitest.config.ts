import { defineConfig } from 'vitest/config'

// The suffix of a test file says what it needs: nothing, a PostgreSQL, or the lab.
const root = import.meta.dirname
const alias = { '@': root }
// TypeScript first, as tsx and tsc resolve it: a program x.mjs may stand beside its module x.ts.
const extensions = ['.ts', '.tsx', '.mjs', '.js', '.json']
const exclude = ['**/node_modules/**', '.data/**', '.next/**', 'e2e/**']

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias, extensions },
        test: {
          name: 'unit',
          testTimeout: 20_000,
          include: ['**/*.test.ts', '**/*.test.tsx'],
          exclude: [...exclude, '**/*.pg.test.ts', '**/*.lab.test.ts'],
        },
      },
      {
        resolve: { alias, extensions },
        test: {
          name: 'pg',
          include: ['**/*.pg.test.ts'],
          exclude,
          globalSetup: ['./bin/testing/postgres.ts'],
          testTimeout: 30_000,
          // What is awaited may take its time on a busy machine; no test is about how long.
          expect: { poll: { timeout: 10_000 } },
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        resolve: { alias, extensions },
        test: {
          name: 'lab',
          include: ['**/*.lab.test.ts'],
          exclude,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // A lab mostly waits (for AWS's delays, however compressed): three side by side fit two cores.
          maxWorkers: 3,
        },
      },
    ],
  },
})
