import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const keptBackups = 2
/** A new base backup is due when the newest is older, ms. */
export const backupEveryMs = 6 * 3600 * 1000

/** When the kept base backups were begun, oldest first, ms. */
export function backupTimes(backupDir: string): number[] {
  if (!existsSync(backupDir)) return []
  return readdirSync(backupDir)
    .map((name) => /^base-(\d+)\.json$/.exec(name)?.[1])
    .filter((time) => time !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
}

/**
 * Bounds the disk that the lab takes: drops all but the newest base backups, and WAL archived before the oldest that
 * is kept began. Timeline histories stay: they are tiny, and every later restore needs them.
 */
export function prune(backupDir: string, archiveDirs: string[]): void {
  const times = backupTimes(backupDir)
  for (const time of times.slice(0, -keptBackups)) {
    rmSync(join(backupDir, `base-${time}`), { recursive: true, force: true })
    rmSync(join(backupDir, `base-${time}.json`), { force: true })
  }
  const [oldest] = times.slice(-keptBackups)
  if (oldest === undefined) return
  for (const directory of archiveDirs)
    for (const name of existsSync(directory) ? readdirSync(directory) : []) {
      if (!/^[0-9A-F]{24}(\.partial)?$/.test(name)) continue
      const path = join(directory, name)
      // A minute of grace: a segment is archived some time after its first record was written.
      if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? oldest) < oldest - 60_000)
        rmSync(path, { force: true })
    }
}
