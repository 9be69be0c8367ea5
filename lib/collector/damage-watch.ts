import type { DamageFinding } from '../domain/cluster/damage'
import { missIndex, takeIndex, takeMet } from '../domain/cluster/damage-indexes'
import { missLog, takeLog } from '../domain/cluster/damage-log'
import { type DamageMemory, emptyDamageMemory, followWriter } from '../domain/cluster/damage-memory'
import { countsNow, recallFindings, setAside, takeCount, takeLook } from '../domain/cluster/damage-watch'
import { nodeWords } from '../domain/cluster/node-key'
import { type LogPlace, tallyLog } from '../domain/cluster/server-log'
import type { Clock } from '../ports/clock'
import type { DamageStore } from '../ports/damage-store'
import type { Fleet } from '../ports/fleet'
import { PortError } from '../ports/port-error'
import type { CollectorLog, CollectorSettings } from './contract'
import type { NodeProbe } from './node-probe'
import { sample } from './sample'

/** Of each count and each query, ms, with those of others in between. The server itself ends what takes longer than 2 s. */
const countLimitMs = 5_000
/** Of reading one part of the log, ms, and how many parts are read at once. */
const logLimitMs = 10_000
const logParts = 5
/** What the log may hold without an end of line: more is no entry of a server. */
const maxRest = 1_000_000
/** Once damage is found, and until the store has told what it keeps, the store is asked this often, ms. */
export const damageStoreEveryMs = 2_000

/**
 * Looks for damage to the data on the writer, and keeps what was found in the store, where a person dismisses it. Findings live
 * here while the store is away.
 */
export class DamageWatch {
  memory: DamageMemory = emptyDamageMemory
  #countedAt = 0
  #recalled = false
  #counting = false
  #syncing = false
  #readingLog = false
  #checkingIndex = false
  /** Of whose log, where it was read up to, and the beginning of a line whose end is not written yet. */
  #log: { node: string; place: LogPlace; rest: string } | null = null
  #away = false
  /** What the store has, as text. */
  readonly #kept = new Map<string, string>()

  constructor(
    private readonly clock: Clock,
    private readonly store: DamageStore | null,
    private readonly settings: Pick<CollectorSettings, 'data' | 'tempo'> & { environment: { name: string } },
    private readonly changed: () => void,
    private readonly log: CollectorLog,
  ) {}

  /** One look, and a count where its time has come or the look asks for one. */
  async ask(writer: NodeProbe): Promise<void> {
    const { criticalTables, invariants } = this.settings.data
    const times = this.settings.tempo.damage
    const known = Object.values(this.memory.tables).map(({ oid }) => oid)
    const look = await sample(this.clock, writer.id, 'collector', 5500, () =>
      writer.dataLook(criticalTables, this.memory.writerId === writer.id ? known : []),
    )
    if (!look.ok || writer.accepting === null) return
    this.#take(takeLook(followWriter(this.memory, writer.id, look.endedAt, times), look, times))
    const due = this.clock.now() - this.#countedAt >= times.countMs || countsNow(this.memory)
    if (!due || this.#counting || criticalTables.length + invariants.length === 0) return
    this.#countedAt = this.clock.now()
    void this.#count(writer)
  }

  /** Never in the way of the looks: a count may take as long as all its tables together. */
  async #count(writer: NodeProbe): Promise<void> {
    const { criticalTables: tables, invariants } = this.settings.data
    const limitMs = (tables.length + invariants.length + 1) * countLimitMs
    this.#counting = true
    const count = await sample(this.clock, writer.id, 'collector', limitMs, () =>
      writer.countData({ tables, invariants }),
    )
    this.#counting = false
    // Another writer by now: what was counted is of the one before.
    if (count.ok && this.memory.writerId === writer.id) this.#take(takeCount(this.memory, count))
  }

  /** What probes of ours meet, whatever they ask for. */
  met(probes: readonly string[]): void {
    if (probes.length > 0 || this.memory.met.length > 0) this.#take(takeMet(this.memory, probes, this.clock.now()))
  }

  /** Reads what was added to the writer's log. The text stays here. */
  async readLog(fleet: Pick<Fleet, 'serverLog'>, writerId: string): Promise<void> {
    if (this.#readingLog || this.memory.writerId !== writerId) return
    this.#readingLog = true
    try {
      if (this.#log?.node !== writerId) this.#log = null
      for (let n = 0; n < logParts; n++) if (!(await this.#readPart(fleet, writerId))) break
    } finally {
      this.#readingLog = false
    }
  }

  /** Is there more? */
  async #readPart(fleet: Pick<Fleet, 'serverLog'>, writerId: string): Promise<boolean> {
    const from = this.#log
    const part = await sample(this.clock, writerId, 'rds-api', logLimitMs, (signal) =>
      fleet.serverLog(writerId, from?.place ?? null, signal).catch((error: unknown) => {
        // The file is kept no longer. What was in it stays unknown, and reading begins anew at the end.
        if (!from || !(error instanceof PortError) || error.errorClass !== 'missing') throw error
        return fleet.serverLog(writerId, null, signal)
      }),
    )
    if (this.memory.writerId !== writerId) return false
    if (!part.ok) {
      this.#take(missLog(this.memory, part.error.message))
      return false
    }
    const { text, next, more } = part.value
    const all = (from?.rest ?? '') + text
    const end = all.lastIndexOf('\n') + 1
    const rest = all.length - end > maxRest ? '' : all.slice(end)
    this.#log = { node: writerId, place: next, rest: from?.place.file === next.file || text !== '' ? rest : '' }
    const { name, user } = this.settings.data
    const tally = tallyLog(all.slice(0, end), { database: name, ownUser: user })
    this.#take(takeLog(this.memory, { ...part, value: { tally, behind: more } }, this.settings.tempo.damage))
    return more
  }

  /** Checks one index on a reader: the writer is not burdened with it. */
  async checkIndex(reader: NodeProbe | null): Promise<void> {
    const { criticalTables } = this.settings.data
    if (this.#checkingIndex || criticalTables.length === 0) return
    if (!reader) {
      this.#take(missIndex(this.memory, 'No reader answers that could check them.'))
      return
    }
    this.#checkingIndex = true
    const check = await sample(this.clock, reader.id, 'collector', countLimitMs, () =>
      reader.checkIndex(criticalTables, this.memory.indexes.last),
    )
    this.#checkingIndex = false
    this.#take(
      check.ok ? takeIndex(this.memory, nodeWords(reader.id), check) : missIndex(this.memory, check.error.message),
    )
  }

  #take(memory: DamageMemory): void {
    const before = this.memory.findings
    this.memory = memory
    if (JSON.stringify(before) !== JSON.stringify(memory.findings)) {
      this.changed()
      void this.sync()
    }
  }

  /** Recalls what the store keeps, keeps what is new, and sets aside what a person dismissed. */
  async sync(): Promise<void> {
    const { store } = this
    const { name } = this.settings.environment
    if (!store || this.#syncing || (this.#recalled && this.memory.findings.length === 0)) return
    this.#syncing = true
    try {
      if (!this.#recalled) {
        const kept = await store.open(name)
        this.#recalled = true
        this.#take(recallFindings(this.memory, kept))
      }
      for (const finding of this.memory.findings)
        if (!(await this.#holds(store, name, finding))) this.#dismissed(finding)
      this.#away = false
    } catch (error) {
      if (!this.#away) this.log.warn({ err: error }, 'findings of damage were not kept; they stay and are tried again')
      this.#away = true
    } finally {
      this.#syncing = false
    }
  }

  async #holds(store: DamageStore, environment: string, finding: DamageFinding): Promise<boolean> {
    const text = JSON.stringify(finding)
    if (this.#kept.get(finding.kind) === text) return await store.isOpen(environment, finding)
    const holds = await store.keep(environment, finding)
    this.#kept.set(finding.kind, text)
    return holds
  }

  #dismissed({ kind }: DamageFinding): void {
    this.#kept.delete(kind)
    this.log.info({ kind }, 'a finding of damage was dismissed')
    this.memory = setAside(this.memory, kind, this.clock.now())
    this.changed()
  }
}
