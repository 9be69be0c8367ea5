import { createWriteStream, type WriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { addNumber, countNumbers, type Range } from './ranges'

export interface Attempt {
  at: number
  region: string
  ok: boolean
  ms: number
}

/** From the first failed write of a region to its next success. `to` is null while nothing succeeds. */
interface Downtime {
  region: string
  from: number
  to: number | null
}

const recentMs = 60_000
/** A region is down when nothing was written for this long while writes failed, ms. */
const downAfterMs = 1000
const rotateBytes = 64 * 1024 * 1024

/**
 * The application's side of the truth: which commits were acknowledged to which pod, kept apart from every database, so
 * that loss is a subtraction. Also kept as JSON lines for a person who wants to count again.
 */
export class Ledger {
  readonly acknowledged = new Map<string, Range[]>()
  readonly downtimes: Downtime[] = []
  private recent: Attempt[] = []
  private failed = 0
  private readonly lastSuccess = new Map<string, number>()
  private stream: WriteStream | null = null
  private bytes = 0

  constructor(private readonly path: string) {}

  /** Opens the journal, moving that of an earlier lab aside. */
  async open(): Promise<void> {
    await rename(this.path, `${this.path}.1`).catch(() => undefined)
    this.stream = createWriteStream(this.path, { mode: 0o600 })
    this.bytes = 0
  }

  async close(): Promise<void> {
    const stream = this.stream
    this.stream = null
    if (stream) await new Promise<void>((done) => stream.end(() => done()))
  }

  acknowledge(region: string, pod: string, n: number, at: number, ms: number): void {
    const ranges = this.acknowledged.get(pod) ?? []
    this.acknowledged.set(pod, ranges)
    addNumber(ranges, n)
    this.attempt({ at, region, ok: true, ms })
    this.lastSuccess.set(region, at)
    const open = this.openDowntime(region)
    if (open) open.to = at
    const line = `${JSON.stringify({ pod, n, at })}\n`
    this.bytes += line.length
    this.stream?.write(line)
    if (this.bytes > rotateBytes) void this.rotate()
  }

  fail(region: string, at: number, ms: number): void {
    this.failed += 1
    this.attempt({ at, region, ok: false, ms })
    const last = this.lastSuccess.get(region)
    if (last === undefined || at - last < downAfterMs || this.openDowntime(region)) return
    this.downtimes.push({ region, from: last, to: null })
    if (this.downtimes.length > 500) this.downtimes.shift()
  }

  /** The greatest acknowledged number of every pod that ever wrote here. */
  greatest(): { pod: string; n: number }[] {
    return [...this.acknowledged].flatMap(([pod, ranges]) => {
      const last = ranges.at(-1)
      return last ? [{ pod, n: last[1] }] : []
    })
  }

  /** Attempts of the last minute. */
  attempts(now: number): readonly Attempt[] {
    return this.recent.filter((attempt) => now - attempt.at <= recentMs)
  }

  totals(): { acknowledged: number; failed: number } {
    let acknowledged = 0
    for (const ranges of this.acknowledged.values()) acknowledged += countNumbers(ranges)
    return { acknowledged, failed: this.failed }
  }

  private openDowntime(region: string): Downtime | undefined {
    return this.downtimes.find((downtime) => downtime.region === region && downtime.to === null)
  }

  private attempt(attempt: Attempt): void {
    this.recent.push(attempt)
    if (this.recent.length > 100 && attempt.at - (this.recent[0]?.at ?? attempt.at) > recentMs * 1.5)
      this.recent = this.recent.filter((one) => attempt.at - one.at <= recentMs)
  }

  private async rotate(): Promise<void> {
    this.bytes = 0
    await this.close()
    await this.open()
  }
}
