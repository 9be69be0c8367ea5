import { emptyTrack, isHard, type Track, track } from '../domain/cluster/track'
import type { Heartbeat, Sample } from '../domain/cluster/types'
import type { Clock } from '../ports/clock'
import type { Database, DatabaseProbe } from '../ports/database'
import { Loop } from './loop'
import { sample } from './sample'
import type { Tempo } from './tempo'

/** How often the second connection is used in calm times, so that nobody on the way forgets it. */
const keepAliveMs = 10_000
/** Good fast probes in a row that end an alarm. */
const allClear = 3
/** A deadline that fires this late was missed by us (a busy process), not by the writer. */
const ownDelayMs = 80

/**
 * The authoritative write probe: a heartbeat through the cluster endpoint, twice a second on a standing connection. A lost
 * socket or an answer later than the miss limit is followed at once by a second try on a connection of its own; when that
 * fails too the alarm is raised, and beats go out five times a second until they come back.
 */
export class WriteProbe {
  track: Track<Heartbeat> = emptyTrack()
  alarm = false
  alarmedAt: number | null = null
  #steady: DatabaseProbe
  #fast: DatabaseProbe
  #fastBusy = false
  #good = 0
  #hinted = false
  readonly #loop: Loop
  readonly #fastLoop: Loop
  #closed = false

  constructor(
    private readonly clock: Clock,
    database: Database,
    readonly address: { host: string; port: number },
    private readonly tempo: Tempo,
    private readonly onSample: (sample: Sample<Heartbeat>) => void,
    private readonly onAlarm: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#steady = database.probe('endpoint', address, { connectMs: 3000, queryMs: 2000 })
    this.#fast = database.probe('endpoint-fast', address, { connectMs: 2 * tempo.missMs, queryMs: tempo.missMs })
    this.#steady.onLost(() => this.suspect())
    this.#loop = new Loop(clock, () => this.#beat(), {
      everyMs: () => tempo.writeMs,
      phaseMs: tempo.writeMs / 2,
      onError,
    })
    this.#fastLoop = new Loop(clock, () => this.#fastBeat(), {
      everyMs: () => (this.alarm ? tempo.writeAlarmedMs : keepAliveMs),
      onError,
    })
  }

  start(): void {
    this.#loop.start()
    this.#fastLoop.start()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#loop.stop()
    this.#fastLoop.stop()
    await Promise.allSettled([this.#steady.close(), this.#fast.close()])
  }

  /**
   * Something hints at a dead writer: ask again now. When the hint was itself a missed probe (any of the writer's), one
   * more miss makes two.
   */
  suspect(missed = false): void {
    if (this.#closed) return
    if (missed) this.#hinted = true
    this.#fastLoop.kick()
  }

  #take(s: Sample<Heartbeat>): void {
    if (this.#closed) return
    this.track = track(this.track, s)
    this.onSample(s)
  }

  #raise(): void {
    this.#good = 0
    if (this.alarm || this.#closed) return
    this.alarm = true
    this.alarmedAt = this.clock.now()
    this.#fastLoop.kick()
    this.onAlarm()
  }

  async #beat(): Promise<void> {
    const startedAt = this.clock.now()
    let missed = false
    let answered = false
    const deadline = setTimeout(() => {
      const late = this.clock.now() - startedAt - this.tempo.missMs
      const miss = () => {
        if (answered || this.#closed) return
        missed = true
        this.#take({
          source: 'endpoint',
          vantage: 'endpoint',
          startedAt,
          endedAt: this.clock.now(),
          ok: false,
          error: { kind: 'timeout', message: `No heartbeat within ${this.tempo.missMs} ms.` },
        })
        this.suspect()
      }
      if (late > ownDelayMs) setTimeout(miss, this.tempo.missMs / 2)
      else miss()
    }, this.tempo.missMs)
    const result = await sample(this.clock, 'endpoint', 'endpoint', 5500, () => this.#steady.heartbeat())
    answered = true
    clearTimeout(deadline)
    if (result.ok) {
      this.#take(result)
      return
    }
    // The miss was told already; the final failure only names the kind.
    if (!missed || isHard(result.error)) this.#take(result)
    if (isHard(result.error)) this.suspect()
    else if (result.error.kind !== 'timeout') this.#raise()
  }

  async #fastBeat(): Promise<void> {
    if (this.#fastBusy) return
    // The first run at start only opens the connection, so that the second try of a crisis costs no handshake.
    this.#fastBusy = true
    const before = this.track.failures > 0 || this.#hinted
    this.#hinted = false
    const result = await sample(this.clock, 'endpoint', 'endpoint', 3 * this.tempo.missMs, () => this.#fast.heartbeat())
    this.#fastBusy = false
    // The first connection of a busy start may be slow: what never answered yet cannot have fallen silent.
    if (!result.ok && this.track.okAt === null && !isHard(result.error)) return
    this.#take(result)
    if (!result.ok) {
      // A refused second try is enough; a silent one counts as the second miss.
      if (isHard(result.error) || before || result.error.kind !== 'timeout') this.#raise()
      else this.#fastLoop.kick()
      return
    }
    if (!this.alarm) return
    this.#good += 1
    if (this.#good >= allClear) {
      this.alarm = false
      this.alarmedAt = null
      this.#good = 0
      this.onAlarm()
    }
  }
}
