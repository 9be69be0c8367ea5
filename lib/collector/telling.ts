import { monthOf } from '../domain/cluster/availability'
import type { Diagnosis, LagPoint, Mark, Snapshot } from '../domain/cluster/types'
import type { Clock } from '../ports/clock'
import type { LagHistoryStore } from '../ports/history'
import { answers, assemble } from './assemble'
import type { CollectorLog, CollectorOutput, CollectorPorts, CollectorSettings } from './contract'
import { HistoryWriter } from './history-writer'
import type { judge } from './judge'
import { LagRing } from './lag-ring'
import type { StoreHealth } from './store-health'
import type { Origin, World } from './world'

/** What goes out: pictures, lag points and marks to the feed, and the same to the history, which may be late. */
export class Telling {
  readonly ring = new LagRing()
  #seq = 0
  #latest: Snapshot | null = null
  #history: HistoryWriter | null = null
  #world: World | null = null

  constructor(
    private readonly clock: Clock,
    private readonly settings: CollectorSettings,
    private readonly storeHealth: StoreHealth,
    private readonly output: CollectorOutput,
    private readonly log: CollectorLog,
  ) {}

  latest(): Snapshot | null {
    return this.#latest
  }

  /** Begins a term with a world of its own; reads what the store remembers while collecting goes on. */
  begin(world: World, history: CollectorPorts['history']): void {
    this.#world = world
    this.#seq = 0
    if (!history) return
    this.#history = new HistoryWriter(this.clock, history, this.settings.environment.name, this.storeHealth, (error) =>
      this.log.warn({ err: error }, 'history was not written; it is kept and tried again'),
    )
    this.#history.start()
    void this.#recall(world, history)
  }

  end(): void {
    this.#world = null
    this.#history?.stop()
    this.#history = null
  }

  /** Once a second, at `at` (ms since epoch, whole seconds): a lag point and a count for the minute. */
  tick(world: World, at: number): void {
    const now = this.clock.now()
    const point: LagPoint = { at, byNode: {} }
    for (const node of world.nodes.values()) {
      if (node.id === world.writerId) continue
      const lag = node.lag
      const fresh = lag && now - lag.at <= 2500 && answers(node, now)
      point.byNode[node.id] = fresh && lag.value.known ? { seconds: lag.value.seconds, bytes: lag.value.bytes } : null
    }
    this.ring.push(point)
    this.#history?.point(point)
    this.output.lag(point)
    this.#countMinute(world, at)
  }

  #countMinute(world: World, at: number): void {
    const write = world.write?.track
    if (!write || write.endedAt === null) return
    const start = Math.floor(at / 60_000) * 60_000
    const minute = world.minutes.get(start) ?? { minute: start, probes: 0, failed: 0 }
    minute.probes += 1
    if (write.failures > 0) minute.failed += 1
    world.minutes.set(start, minute)
    if (at - start >= 55_000 || minute.probes % 10 === 0) this.#history?.minute(minute)
    const { fromMs } = monthOf(at)
    if (world.minutes.size > 45_000) for (const key of world.minutes.keys()) if (key < fromMs) world.minutes.delete(key)
  }

  publish(world: World, origin: Origin, verdict: ReturnType<typeof judge>): void {
    this.#seq += 1
    this.#latest = assemble(
      world,
      origin,
      this.#seq,
      this.clock.now(),
      this.settings.tempo,
      verdict,
      this.settings.objectives,
      this.storeHealth.state,
    )
    this.output.snapshot(this.#latest)
  }

  mark(mark: Mark): void {
    this.ring.mark(mark)
    this.#history?.mark(mark)
    this.output.mark(mark)
  }

  detected(diagnosis: Diagnosis): void {
    this.mark({ at: this.clock.now(), kind: 'detection', text: markText(diagnosis) })
  }

  /** Tried until the store answers. */
  async #recall(world: World, history: LagHistoryStore): Promise<void> {
    const now = this.clock.now()
    const name = this.settings.environment.name
    try {
      const known = this.ring.newestAt() ?? 0
      const { fromMs } = monthOf(now)
      const [points, marks, minutes] = await Promise.all([
        known ? [] : history.read(name, now - 6 * 3_600_000, now, this.ring.capacity),
        known ? [] : history.readMarks(name, now - 6 * 3_600_000, now),
        history.readMinutes(name, fromMs, now),
      ])
      this.ring.prepend(points)
      for (const m of marks) this.ring.mark(m)
      for (const m of minutes) {
        const own = world.minutes.get(m.minute)
        world.minutes.set(m.minute, own && own.probes >= m.probes ? own : { ...m })
      }
      this.storeHealth.answered()
    } catch (error) {
      this.storeHealth.failed(error)
      setTimeout(() => {
        if (world === this.#world) void this.#recall(world, history)
      }, 5000).unref()
    }
  }
}

function markText(diagnosis: Diagnosis): string {
  const grade = diagnosis.certainty === 'none' ? '' : `, ${diagnosis.certainty}`
  const words: Record<Diagnosis['kind'], string> = {
    healthy: 'Healthy',
    'primary-suspected': 'Writer',
    'primary-down': 'Writer down',
    'own-partition': 'Our own partition',
    'wedged-writer': 'Writer takes no writes',
    'split-brain': 'Two writers',
    'failing-over': 'RDS fails over',
    degraded: 'Degraded',
    unknown: 'Nothing is known',
    corruption: 'Data corruption',
    deletion: 'Data deleted',
    'region-outage': 'Region down',
  }
  return `${words[diagnosis.kind]}${grade}`
}
