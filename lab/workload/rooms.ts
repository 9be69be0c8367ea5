import { join } from 'node:path'
import type { Address, Lab } from '../contract'
import { Ledger } from './ledger'

/** What the application's rooms share within one lab: the workload's ledger, the pooler, when there is one, and its pods. */
interface Rooms {
  ledger: Ledger
  pooler: { present: boolean; address: Address | null; reason: string | null }
  /** Pods of the application that are ready in a region; none until Kubernetes says so. */
  readyPods(region: string): number
}

const byLab = new WeakMap<Lab, Rooms>()

/** The shared part of a lab; made on first use, whatever the order in which rooms are registered. */
export function roomsOf(lab: Lab): Rooms {
  const existing = byLab.get(lab)
  if (existing) return existing
  const made: Rooms = {
    ledger: new Ledger(join(lab.context.dataDir, 'acknowledged.jsonl')),
    pooler: { present: false, address: null, reason: 'no pooler was registered' },
    readyPods: () => 0,
  }
  byLab.set(lab, made)
  return made
}
