import { createRoles, dumpedRoles } from '../domain/backups/roles'
import type { LoadResult } from '../ports/backup-loader'
import type { DumpTarget } from '../ports/dump-target'
import { atServer, damaged, type Loading, openObject, resultOf } from './load-object'
import type { Found } from './read-backup'

/** A dump of roles is small; what is larger is none. */
const longestRoles = 16 * 1024 * 1024
const rolesEnd = '-- PostgreSQL database cluster dump complete'

/** Makes the roles that a server lacks, from what was dumped beside a backup: only after all of it is proved. */
export async function loadRoles(
  load: Loading & { target: DumpTarget },
): Promise<{ result: LoadResult; created: string[] }> {
  const { target, options, now } = load
  const begunAt = now()
  const found: Found = {}
  let touched = false
  try {
    const reading = await openObject(load, found)
    const parts: Uint8Array[] = []
    let plainBytes = 0
    for await (const chunk of reading.dump.plain) {
      options.signal.throwIfAborted()
      plainBytes += chunk.byteLength
      if (plainBytes > longestRoles) throw damaged('not-a-dump', 'It is too large to be a dump of roles.')
      parts.push(chunk)
    }
    const sha256 = await reading.proved()
    const text = Buffer.concat(parts).toString('utf8')
    if (!text.includes('-- PostgreSQL database cluster dump')) throw damaged('not-a-dump', 'It is no dump of roles.')
    if (!text.includes(rolesEnd)) throw damaged('incomplete', 'The dump of roles has no end.')
    const dumped = dumpedRoles(text)
    const names = dumped.roles.map(({ name }) => name)
    const { missingRoles } = await atServer(target.facts({ roles: names, extensions: [] }))
    reading.report('loading', plainBytes)
    options.signal.throwIfAborted()
    touched = missingRoles.length > 0
    await atServer(target.run(createRoles(dumped, new Set(missingRoles))))
    const result: LoadResult = {
      kind: 'loaded',
      sha256,
      plainBytes,
      tables: 0,
      dumpedFrom: null,
      decryptedBy: reading.dump.decryptedBy,
      loadedBy: 'connection',
      elapsedMs: now() - begunAt,
    }
    return { result, created: missingRoles }
  } catch (error) {
    const result: LoadResult = options.signal.aborted
      ? { kind: 'cancelled', says: 'The load was cancelled.', touched }
      : { ...resultOf(error, found), touched }
    return { result, created: [] }
  }
}
