import { newestArchive } from './archive-head'
import type { DumpFacts } from './dump-text'

/** What can load a dump. */
export type LoadedBy = 'psql' | 'connection' | 'pg_restore'

/** What the first bytes of a dump say. */
export interface DumpHead {
  format: 'plain' | 'custom'
  /** "15.13", of the server that was dumped and of the program that did it. */
  serverVersion: string | null
  dumpedBy: string | null
  /** Of the format of a custom archive, such as "1.14". */
  archive: string | null
  needs: DumpFacts['needs']
}

/** Versions such as "15.20"; null where there is none. */
export interface LoadingTools {
  psql: string | null
  pgRestore: string | null
}

type LoadingChoice =
  | { by: LoadedBy }
  | { by: null; reason: 'too-new' | 'program-missing'; says: string; missing: string[] }

const majorOf = (version: string | null) => {
  const major = Number.parseInt(version ?? '', 10)
  return Number.isNaN(major) ? null : major
}

/** The first minor version of each psql that knows `\restrict`. */
const restrictSince: Record<number, number> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 }

function knowsRestrict(psql: string): boolean {
  const [major = 0, minor = 0] = psql.split('.').map((part) => Number.parseInt(part, 10))
  return major >= 18 || minor >= (restrictSince[major] ?? Number.POSITIVE_INFINITY)
}

/** What loads this dump into a server of this version, or why nothing here can: asked before the first statement. */
export function loadingOf(head: DumpHead, serverMajor: number, tools: LoadingTools): LoadingChoice {
  const dumped = majorOf(head.serverVersion)
  const refused = (reason: 'too-new' | 'program-missing', says: string, missing: string[] = []): LoadingChoice => ({
    by: null,
    reason,
    says,
    missing,
  })
  if (dumped !== null && dumped > serverMajor)
    return refused('too-new', `The dump is of PostgreSQL ${dumped}, and the server runs ${serverMajor}.`)
  if (head.needs.transactionTimeout && serverMajor < 17)
    return refused(
      'too-new',
      `The dump was made by pg_dump ${majorOf(head.dumpedBy) ?? 17}, and PostgreSQL ${serverMajor} does not know its settings.`,
    )
  if (head.format === 'custom') return archiveOf(head, serverMajor, tools.pgRestore, refused)
  if (tools.psql !== null && (!head.needs.restrict || knowsRestrict(tools.psql))) return { by: 'psql' }
  // Our own connection sends statements in UTF-8 alone.
  const { encoding } = head.needs
  return encoding === null
    ? { by: 'connection' }
    : refused('program-missing', `The dump is in ${encoding}, which needs psql.`, ['psql'])
}

function archiveOf(
  head: DumpHead,
  serverMajor: number,
  pgRestore: string | null,
  refused: (reason: 'too-new' | 'program-missing', says: string, missing?: string[]) => LoadingChoice,
): LoadingChoice {
  const major = majorOf(pgRestore)
  if (major === null)
    return refused('program-missing', 'A custom archive needs pg_restore, which is not installed.', ['pg_restore'])
  const [newest, minor] = newestArchive(major)
  const [archive = 0, archiveMinor = 0] = (head.archive ?? '').split('.').map(Number)
  if (archive > newest || (archive === newest && archiveMinor > minor))
    return refused('too-new', `pg_restore ${major} does not read archives of version ${head.archive}.`, [
      'a newer pg_restore',
    ])
  // It sets transaction_timeout, whatever the server.
  if (major >= 17 && serverMajor < 17)
    return refused('program-missing', `pg_restore ${major} cannot load into PostgreSQL ${serverMajor}.`, [
      `pg_restore ${Math.max(serverMajor, majorOf(head.dumpedBy) ?? 0)}`,
    ])
  return { by: 'pg_restore' }
}
