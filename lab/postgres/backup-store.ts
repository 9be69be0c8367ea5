import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { giveToServer } from '../../lib/embedded-postgres/account'
import type { Address } from '../contract'
import { type BackupFacts, takeBackup, write } from './backup'
import { walSegmentMegabytes } from './node-settings'
import type { Login } from './sql'
import { lastCommitIn } from './wal-commits'

const keptBackups = 2
/** A new base backup is due when the newest is older, ms. */
const backupEveryMs = 6 * 3600 * 1000
/** ... or when so much WAL was archived since: it bounds what a busy lab keeps. */
const backupEveryBytes = 512 * 1024 * 1024
const segmentName = /^[0-9A-F]{24}$/
const hex8 = (n: number) => n.toString(16).toUpperCase().padStart(8, '0')

/** The part of a segment's name, behind its timeline, of the segment in which a position lies. */
function segmentOf(lsn: string): string {
  const [high = '', low = ''] = lsn.split('/')
  return (
    hex8(Number.parseInt(high, 16)) + hex8(Math.floor(Number.parseInt(low, 16) / (walSegmentMegabytes * 1024 ** 2)))
  )
}

const factsSchema = z.object({
  startedAt: z.number(),
  stoppedAt: z.number(),
  startLsn: z.string(),
  stopLsn: z.string(),
})

const holds = new Map<string, number>()

/** The server whose files and WAL a store keeps. */
export interface BackupSource {
  address: Address
  login: Login
  dataDir: string
}

export interface BaseBackup extends BackupFacts {
  directory: string
}

/** Base backups and archived WAL of one cluster, or of one instance that stands alone. */
export class BackupStore {
  readonly #lastCommits = new Map<string, number | null>()
  #segments: { at: number; names: string[] } = { at: Number.NaN, names: [] }

  constructor(
    readonly archiveDir: string,
    readonly backupDir: string,
  ) {}

  /** While somebody restores from it, nothing is dropped. Answers how to end that. */
  hold(): () => void {
    holds.set(this.archiveDir, (holds.get(this.archiveDir) ?? 0) + 1)
    return () => void holds.set(this.archiveDir, (holds.get(this.archiveDir) ?? 1) - 1)
  }

  async prepare(): Promise<void> {
    for (const directory of [this.archiveDir, this.backupDir]) await mkdir(directory, { recursive: true })
    giveToServer(this.archiveDir)
  }

  remove(): void {
    this.#lastCommits.clear()
    for (const directory of [this.archiveDir, this.backupDir]) rmSync(directory, { recursive: true, force: true })
  }

  /** Where the next base backup goes; it counts once `keep` has written its facts beside it. */
  nextBackup(): string {
    return join(this.backupDir, `base-${Date.now()}`)
  }

  async keep(directory: string, facts: BackupFacts): Promise<void> {
    // Whoever lists the backups meanwhile must not read half of it.
    await write(`${directory}.json.part`, JSON.stringify(facts))
    await rename(`${directory}.json.part`, `${directory}.json`)
  }

  /** Complete base backups, oldest first. */
  backups(): BaseBackup[] {
    return list(this.backupDir)
      .filter((name) => /^base-\d+\.json$/.test(name))
      .flatMap((name) => {
        const file = join(this.backupDir, name)
        const read = factsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
        return read.success ? [{ ...read.data, directory: file.slice(0, -'.json'.length) }] : []
      })
      .sort((a, b) => a.stoppedAt - b.stoppedAt)
  }

  /** The base backup from which a moment is recovered: the newest that was complete by then. */
  backupBefore(at: number): BaseBackup | null {
    return this.backups().findLast((backup) => backup.stoppedAt <= at) ?? null
  }

  /**
   * The first archived segment behind the newest base backup: whatever is restored from it needs that one. Its own are no such,
   * since without them its server does not even begin. Null while no other segment follows it, which tells how far the window goes.
   */
  firstNeeded(): string | null {
    const backup = this.backups().at(-1)
    if (!backup) return null
    const place = (name: string) => name.slice(8)
    const since = this.#archived().filter((name) => place(name) > segmentOf(backup.stopLsn))
    const [first, ...later] = since.toSorted((a, b) =>
      place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : a < b ? 1 : -1,
    )
    return later.some((name) => first && place(name) > place(first)) ? (first ?? null) : null
  }

  /** From the end of the oldest base backup to the last archived commit, ms. */
  restorable(): { earliest: number | null; latest: number | null } {
    const earliest = this.backups()[0]?.stoppedAt ?? null
    const last = this.#lastCommit()
    const latest = last === null ? null : Math.floor(last)
    return { earliest, latest: earliest !== null && latest !== null && latest > earliest ? latest : null }
  }

  /** Takes a base backup when one is due, and drops what no kept backup needs. */
  async maintain(source: BackupSource | null): Promise<void> {
    if (source && this.#isDue()) {
      await this.prepare()
      const directory = this.nextBackup()
      await this.keep(directory, await takeBackup(source, [directory]))
    }
    if (!holds.get(this.archiveDir)) this.prune()
  }

  #isDue(): boolean {
    const newest = this.backups().at(-1)?.startedAt ?? 0
    if (Date.now() - newest > backupEveryMs) return true
    let bytes = 0
    for (const name of this.#archived()) {
      const stat = statSync(join(this.archiveDir, name), { throwIfNoEntry: false })
      if (stat && stat.mtimeMs > newest) bytes += stat.blocks * 512
    }
    return bytes > backupEveryBytes
  }

  /**
   * Drops all but the newest base backups, copies that were broken off, and WAL archived before the oldest kept backup
   * began. Timeline histories stay: they are tiny, and every later restore needs them.
   */
  prune(): void {
    const backups = this.backups()
    const kept = backups.slice(-keptBackups)
    for (const { directory } of backups.slice(0, -keptBackups)) {
      rmSync(`${directory}.json`, { force: true })
      rmSync(directory, { recursive: true, force: true })
    }
    const [oldest] = kept
    if (!oldest) return
    for (const name of list(this.backupDir)) {
      const begun = Number(/^base-(\d+)$/.exec(name)?.[1] ?? Number.NaN)
      const isKept = kept.some(({ directory }) => basename(directory) === name)
      // One that is under way has no facts yet; a copy takes seconds.
      if (!isKept && begun < Date.now() - 600_000) rmSync(join(this.backupDir, name), { recursive: true, force: true })
    }
    for (const name of list(this.archiveDir)) {
      if (!/^[0-9A-F]{24}(\.partial)?$/.test(name)) continue
      const path = join(this.archiveDir, name)
      // A minute of grace: a segment is archived some time after its first record was written.
      if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? oldest.startedAt) >= oldest.startedAt - 60_000)
        continue
      rmSync(path, { force: true })
      this.#lastCommits.delete(name)
    }
  }

  /** Archived segments, newest history first and newest segment first. */
  #archived(): string[] {
    const changed = statSync(this.archiveDir, { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN
    if (changed !== this.#segments.at)
      this.#segments = {
        at: changed,
        names: list(this.archiveDir)
          .filter((name) => segmentName.test(name))
          .sort()
          .reverse(),
      }
    return this.#segments.names
  }

  #lastCommit(): number | null {
    // An idle database fills segments without a commit; what was read once does not change.
    for (const name of this.#archived().slice(0, 1000)) {
      const known = this.#lastCommits.get(name)
      const last = known === undefined ? lastCommitIn(join(this.archiveDir, name)) : known
      this.#lastCommits.set(name, last)
      if (last !== null) return last
    }
    return null
  }
}

const stores = new Map<string, BackupStore>()

/** The store that lies beside an archive: `archive-x` and `backups-x`. The same one each time: it remembers what it has read. */
export function storeBeside(archiveDir: string): BackupStore {
  const backupDir = join(dirname(archiveDir), basename(archiveDir).replace('archive', 'backups'))
  const store = stores.get(archiveDir) ?? new BackupStore(archiveDir, backupDir)
  stores.set(archiveDir, store)
  return store
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}
