import { defineConfig } from 'vitest/config'

/*
 * The suffix of a test file says what it needs: nothing, a PostgreSQL (`.pg`), or the lab (`.lab`). `.long` before it says
 * that it belongs to `npm run test:long`.
 */
const root = import.meta.dirname
const alias = { '@': root }
// TypeScript first, as tsx and tsc resolve it: a program x.mjs may stand beside its module x.ts.
const extensions = ['.ts', '.tsx', '.mjs', '.js', '.json']
const exclude = ['**/node_modules/**', '.data/**', '.next/**', 'e2e/**']
const long = '**/*.long.*'
// Whole products at full speed, whose leases lapse when others take the processor.
const alone = [
  '**/a-runner-of-any-procedure-is-lost.long.lab.test.ts',
  '**/a-sample-of-failovers.long.lab.test.ts',
  '**/runner-killed-and-frozen.long.lab.test.ts',
  '**/each-node-version.long.lab.test.ts',
]

const store = {
  globalSetup: ['./lib/store/testing/postgres.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  maxWorkers: 2,
}
const lab = {
  testTimeout: 60_000,
  hookTimeout: 120_000,
  // A lab mostly waits (for AWS's delays, however compressed): three side by side fit two cores.
  maxWorkers: 3,
}
// What is awaited may take its time on a busy machine; no test is about how long.
const expect = { poll: { timeout: 10_000 } }
const project = (name: string, test: object) => ({ resolve: { alias, extensions }, test: { name, expect, ...test } })

export default defineConfig({
  test: {
    projects: [
      project('unit', {
        testTimeout: 20_000,
        include: ['**/*.test.ts', '**/*.test.tsx'],
        exclude: [...exclude, long, '**/*.pg.test.ts', '**/*.lab.test.ts'],
      }),
      project('pg', { ...store, include: ['**/*.pg.test.ts'], exclude: [...exclude, long] }),
      project('pg-long', { ...store, include: ['**/*.long.pg.test.ts'], exclude }),
      project('lab', { ...lab, include: ['**/*.lab.test.ts'], exclude: [...exclude, long] }),
      project('lab-long', {
        ...lab,
        maxWorkers: 2,
        include: ['**/*.long.lab.test.ts'],
        exclude: [...exclude, ...alone],
      }),
      project('lab-alone', { ...lab, maxWorkers: 1, include: alone, exclude }),
    ],
  },
})
