import type { LabEvent } from '../contract'
import type { Member } from './member'
import type { Topology } from './topology'

/** What operations on the cluster need of it: its servers, the states that it shows, the events that it records, its time. */
export interface Platform {
  readonly id: string
  readonly topology: Topology
  readonly status: string
  readonly speedup: number
  /** The lab is on its way out: nothing begins any more. */
  readonly stopping: boolean
  setStatus(status: string): void
  setNodeStatus(member: Member, status: Member['status']): void
  setAttributes(id: string, changes: Record<string, unknown>): void
  recordEvent(event: Omit<LabEvent, 'at'>): void
  instanceEvent(sourceId: string, message: string, ...categories: string[]): void
  /** Keeps the platform's view and tells everybody. */
  changed(): void
  /** Waits as long as the platform would take, divided by the speed-up. Ends early, by an error, when the lab stops. */
  delay(realSeconds: number): Promise<void>
}
