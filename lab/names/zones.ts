import { randomBytes } from 'node:crypto'
import { AwsError } from '../aws/errors'
import { applied, type Change } from './change-batch'
import type { Zone } from './records'

export interface ChangeInfo {
  id: string
  status: 'PENDING' | 'INSYNC'
  submittedAt: number
  comment: string | null
}

/** Route 53's own 30 s, before the lab's pace. */
const propagationMs = 30_000

/**
 * The hosted zones, as the API shows them and as the DNS servers answer: a change is shown at once, and answered when it is in
 * sync. Throws AwsError: NoSuchHostedZone, NoSuchChange, InvalidChangeBatch.
 */
export class Zones {
  #shown: Zone[] = []
  #served: Zone[] = []
  readonly #changes = new Map<string, ChangeInfo>()
  /** Changes that have not propagated, each with the zone as it left it, oldest first. */
  #pending: { change: ChangeInfo; zone: Zone; due: number }[] = []
  #timer: NodeJS.Timeout | null = null
  #held: 'no' | 'unserved' | 'served' = 'no'
  /** Changes that are answered, and not told to be in sync. */
  #untold: ChangeInfo[] = []

  constructor(
    private readonly speedup: number,
    private readonly changed: () => void,
  ) {}

  load(zones: readonly Zone[]): void {
    this.#shown = [...zones]
    this.#served = [...zones]
  }

  /** As the API shows them. */
  all(): readonly Zone[] {
    return this.#shown
  }

  /** As the DNS servers answer. */
  served(): readonly Zone[] {
    return this.#served
  }

  get(id: string): Zone {
    const zone = this.#shown.find((one) => one.id === id)
    if (!zone) throw new AwsError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`)
    return zone
  }

  status(changeId: string): ChangeInfo {
    const change = this.#changes.get(changeId)
    if (!change) throw new AwsError('NoSuchChange', `Could not find resource with ID: ${changeId}`)
    return change
  }

  change(zoneId: string, changes: readonly Change[], comment: string | null): ChangeInfo {
    const before = this.get(zoneId)
    const zone = { ...before, records: applied(before, changes) }
    this.#shown = this.#shown.map((one) => (one.id === zoneId ? zone : one))
    const id = `C${randomBytes(10).toString('hex').toUpperCase()}`
    const change: ChangeInfo = { id, status: 'PENDING', submittedAt: Date.now(), comment }
    this.#changes.set(id, change)
    this.#pending.push({ change, zone, due: Date.now() + propagationMs / this.speedup })
    this.changed()
    this.#arm()
    return change
  }

  /** While held, no change comes into sync: `unserved` is not answered either, `served` is. */
  hold(held: 'no' | 'unserved' | 'served'): void {
    this.#held = held
    if (held === 'no') for (const change of this.#untold.splice(0)) this.#tell(change)
    this.#arm()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(): void {
    this.stop()
    const next = this.#pending[0]
    if (this.#held === 'unserved' || !next) return
    this.#timer = setTimeout(() => this.#propagate(), Math.max(0, next.due - Date.now()))
  }

  #propagate(): void {
    const now = Date.now()
    const ripe = this.#pending.filter(({ due }) => due <= now)
    this.#pending = this.#pending.filter(({ due }) => due > now)
    for (const { change, zone } of ripe) {
      this.#served = this.#served.map((one) => (one.id === zone.id ? zone : one))
      if (this.#held === 'served') this.#untold.push(change)
      else this.#tell(change)
    }
    this.#arm()
  }

  #tell(change: ChangeInfo): void {
    this.#changes.set(change.id, { ...change, status: 'INSYNC' })
  }
}
