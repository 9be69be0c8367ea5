import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { vantageName } from '../../lib/domain/cluster/vantage'
import type { LabRegion, Plane, Silence } from '../contract'
import type { LinkProxy, LinkState } from '../network/proxy'
import type { Startup } from '../network/startup'
import { labEndpoints } from '../ports'

/** What lies between the regions. */
export type Between = { kind: 'up' } | { kind: 'slow'; latencyMs: number; lossPercent: number } | { kind: 'cut' }

/** What stands at the region's edge for databases. */
interface Doors {
  fronts: LinkProxy[]
  links: LinkProxy[]
}

const up: LinkState = { kind: 'up' }
/** Between the regions on a good day, as the link to the replica has it. */
const bytesPerSecond = 8 * 1024 * 1024

/**
 * Whether the home region answers, and whom. An outage concerns everybody; what lies between the regions concerns only who
 * comes from the other one, and the WAL that goes there. Nothing inside the region is stopped: it comes back as it was.
 */
export class RegionReach extends EventEmitter<{ change: [] }> implements LabRegion {
  #outage: { planes: readonly Plane[]; how: Silence } | null = null
  #between: Between = { kind: 'up' }
  /** Requests that are kept waiting; the network drops them when it is mended. */
  readonly #waiting = new Set<Socket>()
  runsElsewhere: (pod: string) => boolean = () => false

  constructor(
    readonly region: string,
    private readonly doors: () => Doors,
  ) {
    super()
    this.setMaxListeners(0)
  }

  silence(plane: Plane): Silence | null {
    return this.#outage?.planes.includes(plane) ? this.#outage.how : null
  }

  get between(): Between {
    return this.#between
  }

  strike(planes: readonly Plane[], how: Silence): void {
    this.#outage = { planes, how }
    this.#apply()
  }

  setBetween(between: Between): void {
    this.#between = between
    this.#apply()
  }

  mend(): void {
    this.#outage = null
    this.#apply()
  }

  async keeps(request: IncomingMessage, region: string, plane: Plane): Promise<boolean> {
    if (region !== this.region) return false
    const fromElsewhere = request.socket.localAddress === labEndpoints.elsewhere
    const silence = this.silence(plane) ?? (fromElsewhere && this.#between.kind === 'cut' ? 'hang' : null)
    if (silence === 'refuse') request.socket.destroy()
    else if (silence === 'hang') {
      this.#waiting.add(request.socket)
      request.socket.once('close', () => this.#waiting.delete(request.socket))
    } else if (fromElsewhere && this.#between.kind === 'slow') {
      const { latencyMs, lossPercent } = this.#between
      const resent = Math.random() * 100 < lossPercent ? 200 + 2 * latencyMs : 0
      await new Promise((done) => setTimeout(done, 2 * latencyMs + resent))
    }
    return silence !== null
  }

  #apply(): void {
    const { fronts, links } = this.doors()
    const outage = this.#outageState()
    const link = this.#linkState()
    for (const front of fronts) front.setOutside(outage ?? this.#frontState())
    for (const one of links) one.setOutside(outage ?? link)
    // Whoever waited finds the connection lost, and asks again.
    for (const socket of this.#waiting) socket.destroy()
    this.emit('change')
  }

  #outageState(): LinkState | null {
    const silence = this.silence('data')
    return silence === null ? null : silence === 'hang' ? { kind: 'blackhole' } : { kind: 'cut' }
  }

  #linkState(): LinkState {
    const { kind } = this.#between
    if (kind === 'cut') return { kind: 'blackhole' }
    return kind === 'slow' ? { ...this.#between, kind: 'shaped', bytesPerSecond } : up
  }

  #frontState(): LinkState {
    const state = this.#linkState()
    const only = (startup: Startup | null) => this.#isElsewhere(startup)
    return state.kind === 'blackhole' || state.kind === 'shaped' ? { ...state, only } : state
  }

  /** Real networks look at addresses; here, where all share one machine, a client's own name says where it runs. */
  #isElsewhere(startup: Startup | null): boolean {
    const name = startup?.applicationName ?? null
    return name !== null && (name === vantageName || this.runsElsewhere(name))
  }
}
