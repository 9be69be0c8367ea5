import { type RegionService, serviceNames } from '../domain/cluster/region-services'
import type { CanaryOf, CanarySample, VantageReport } from '../domain/cluster/vantage'
import type { Clock } from '../ports/clock'
import { PortError, type PortErrorClass } from '../ports/port-error'
import { Loop } from './loop'
import { sample } from './sample'

/** One question to one service of one region, that changes nothing. Throws PortError. */
export interface Canary {
  of: CanaryOf
  service: RegionService
  ask(signal: AbortSignal): Promise<void>
}

/** Whoever refuses a question in one of these ways has answered it. */
const answered = new Set<PortErrorClass>(['auth', 'missing', 'state', 'exists', 'config', 'capacity'])
/** How long one canary may take. */
export const canaryLimitMs = 5_000

/**
 * The collector in the other region: asks each service of both regions by a loop of its own, so that one that hangs delays
 * none, and reports the newest sample of each.
 */
export class Canaries {
  readonly #newest = new Map<Canary, CanarySample>()
  #loops: Loop[] = []

  constructor(
    private readonly clock: Clock,
    private readonly canaries: readonly Canary[],
    private readonly everyMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.#loops = this.canaries.map(
      (canary) => new Loop(this.clock, () => this.#ask(canary), { everyMs: () => this.everyMs, onError: this.onError }),
    )
    for (const loop of this.#loops) loop.start()
  }

  stop(): void {
    for (const loop of this.#loops) loop.stop()
  }

  report(): VantageReport {
    return {
      now: this.clock.now(),
      everyMs: this.everyMs,
      canaries: this.canaries.map(
        (canary) => this.#newest.get(canary) ?? { of: canary.of, service: canary.service, sample: null },
      ),
    }
  }

  async #ask(canary: Canary): Promise<void> {
    const { of, service } = canary
    const heard = await sample(
      this.clock,
      `${of} ${serviceNames[service]}`,
      'dr-region',
      canaryLimitMs,
      async (signal) => {
        try {
          await canary.ask(signal)
        } catch (error) {
          if (!(error instanceof PortError) || !answered.has(error.errorClass)) throw error
        }
        return null
      },
    )
    this.#newest.set(canary, { of, service, sample: heard })
  }
}
