import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Tests that need nothing, or a PostgreSQL. */
interface Suite {
  project: 'unit' | 'pg'
  /** Names of test files, or the beginnings of their paths. */
  files: string[]
}

/** A dangerous mistake that somebody could make: the suite must notice it. */
export interface PlantedFault {
  id: string
  /** What it breaks, in a sentence. */
  breaks: string
  file: string
  /** Stands exactly once in the file, whatever its layout. */
  find: string
  replace: string
  /** The quick tests of this area: those that a person would run after such a change. */
  suite: Suite
}

export const runs: Suite = {
  project: 'pg',
  files: ['lib/runner/killed-between', 'lib/runner/people-decide', 'lib/runner/another-way'],
}
export const approvals: Suite = { project: 'pg', files: ['lib/runner/approval-is-used-up', 'lib/runner/rolled-back'] }
export const stuck: Suite = {
  project: 'pg',
  files: ['lib/runner/lease-lapses', 'lib/runner/deployed-in', 'lib/runner/web-stalls', 'lib/runner/never-stuck.pg'],
}
/** The statements by themselves. */
export const statements: Suite = { project: 'pg', files: ['lib/store/intent-and-outcome'] }
export const runner: Suite = { project: 'unit', files: ['lib/runner/'] }
export const procedures: Suite = { project: 'unit', files: ['lib/procedures/', 'lib/runner/'] }
export const domain: Suite = { project: 'unit', files: ['lib/domain/', 'lib/commands/'] }
export const guarded: Suite = { project: 'unit', files: ['lib/adapters/postgres/'] }
export const rds: Suite = { project: 'unit', files: ['lib/adapters/rds/', 'lib/runner/'] }
export const twoPersons: Suite = { project: 'pg', files: ['lib/runner/one-person-with', 'lib/runner/forged-approval'] }
export const identities: Suite = { project: 'pg', files: ['lib/commands/people/', 'lib/web/single-sign-on'] }

const root = join(import.meta.dirname, '../../..')

/** The migration with the newest definition of a function of the store: what stands in an earlier one has no effect. */
export function definitionOf(name: string): string {
  const files = readdirSync(join(root, 'prisma/migrations'), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? [`prisma/migrations/${entry.name}/migration.sql`] : []))
    .sort()
  const definition = new RegExp(`CREATE (OR REPLACE )?FUNCTION ${name}\\(`)
  const newest = files.findLast((file) => definition.test(readFileSync(join(root, file), 'utf8')))
  if (newest === undefined) throw new Error(`No migration defines the function ${name}.`)
  return newest
}
