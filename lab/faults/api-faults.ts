import type { ApiFault, ApiFaults, ApiService, Denial } from '../contract'
import type { Spoil } from './spoilt-reply'

export type ApiFaultId =
  | 'api-hang'
  | 'api-500'
  | 'api-throttle'
  | 'api-reply-lost'
  | `api-reply-${Spoil}`
  | 'expired-token'
  | 'stale-describes'

interface Armed {
  id: ApiFaultId
  services: readonly ApiService[]
  fault: ApiFault
  left: number | null
}

/** Faults at the API's front door: armed by the catalogue, taken by each call they apply to. */
export class ArmedApiFaults implements ApiFaults {
  #armed: Armed[] = []
  #staleSince: number | null = null
  #staleUntil = 0
  #denied = new Map<string, Denial>()

  constructor(private readonly onSpent: (id: ApiFaultId) => void = () => undefined) {}

  arm(id: ApiFaultId, services: readonly ApiService[], fault: ApiFault): void {
    this.disarm(id)
    if (fault.kind === 'stale-describes') {
      this.#staleSince = Date.now()
      this.#staleUntil = Date.now() + fault.forMs
      return
    }
    this.#armed.push({ id, services, fault, left: fault.calls })
  }

  disarm(id: ApiFaultId): void {
    if (id === 'stale-describes') this.#staleSince = null
    this.#armed = this.#armed.filter((armed) => armed.id !== id)
  }

  take(service: ApiService, operation: string): ApiFault | null {
    const armed = this.#armed.find((candidate) => applies(candidate, service, operation))
    if (!armed) return null
    if (armed.left !== null) {
      armed.left -= 1
      if (armed.left <= 0) {
        this.disarm(armed.id)
        this.onSpent(armed.id)
      }
    }
    return armed.fault
  }

  /** Takes these permissions away; an empty list gives all of them back. */
  deny(actions: readonly string[], how: Denial): void {
    this.#denied = new Map(actions.map((action) => [action, how]))
  }

  denied(action: string): Denial | null {
    return this.#denied.get(action) ?? null
  }

  staleSince(): number | null {
    if (this.#staleSince !== null && Date.now() > this.#staleUntil) {
      this.#staleSince = null
      this.onSpent('stale-describes')
    }
    return this.#staleSince
  }
}

function applies(armed: Armed, service: ApiService, operation: string): boolean {
  if (!armed.services.includes(service) || armed.fault.kind === 'stale-describes') return false
  return armed.fault.operation === null || armed.fault.operation === operation
}
