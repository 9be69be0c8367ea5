import type { LeaseStore } from '../ports/lease-store'
import type { Fence } from '../store/run'

export interface TurnSettings {
  /** Name of the lease; one runner at a time drives the runs of a store. */
  lease: string
  holder: string
  ttlMs: number
  everyMs: number
}

/** Under a second, so that another runner takes a lost one's place within it. */
export const usualTurn = { lease: 'runs', ttlMs: 900, everyMs: 225 } as const

/**
 * A runner's turn at driving runs: a lease on the store's clock with a rising epoch. Locally it ends a little before it
 * does in the store, by a clock that goes on while the process is frozen, so that a runner that was stopped and thawed
 * knows by itself that its turn is over before it touches anything.
 */
export class Turn {
  private epoch: number | null = null
  private validUntil = 0
  private timer: NodeJS.Timeout | null = null
  private stopped = false
  private round: Promise<void> = Promise.resolve()
  onChange: (held: boolean) => void = () => {}

  constructor(
    private readonly leases: LeaseStore,
    readonly settings: TurnSettings,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  start(): void {
    const tick = () => {
      this.round = this.attempt().finally(() => {
        if (!this.stopped) this.timer = setTimeout(tick, this.settings.everyMs)
      })
    }
    tick()
  }

  /** Lets go at once, so that another need not wait for the end of the lease. */
  async stop(): Promise<void> {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
    await this.round
    const { lease, holder } = this.settings
    if (this.epoch !== null) await this.leases.release(lease, holder, this.epoch).catch(() => {})
    this.lose()
  }

  holds(): boolean {
    return this.epoch !== null && this.monotonic() < this.validUntil
  }

  /** What every write of the runner carries; null when it is not our turn. */
  fence(): Fence | null {
    return this.holds() && this.epoch !== null
      ? { lease: this.settings.lease, holder: this.settings.holder, epoch: this.epoch }
      : null
  }

  private async attempt(): Promise<void> {
    const { lease, holder, ttlMs } = this.settings
    const sentAt = this.monotonic()
    try {
      const answer = await this.leases.acquire(lease, holder, ttlMs)
      if (!answer.held) {
        this.lose()
        return
      }
      // An expired lease of ours was taken anew under the next epoch: whatever ran under the old one must end first.
      if (this.epoch !== null && this.epoch !== answer.epoch) this.lose()
      const gained = this.epoch === null
      this.epoch = answer.epoch
      this.validUntil = sentAt + ttlMs
      if (gained) this.onChange(true)
    } catch {
      // The store is away: the turn ends by itself when its time is up.
      if (!this.holds()) this.lose()
    }
  }

  private lose(): void {
    if (this.epoch === null) return
    this.epoch = null
    this.onChange(false)
  }
}
