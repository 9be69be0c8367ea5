import type { Fence } from '../store/run-moves'
import type { Lease } from './lease'

/**
 * A runner's turn at driving runs: the leader of an environment drives them. Locally the turn ends a little before it does
 * in the store, by a clock that goes on while the process is frozen, so that a runner that was stopped and thawed knows by
 * itself that its turn is over before it touches anything.
 */
export interface Turn {
  holds(): boolean
  /** What every write of the runner carries; null when it is not our turn. */
  fence(): Fence | null
}

/** Leadership without the store (epoch 0) is enough to watch, and never enough to act. */
export function turnOf(lease: Lease, monotonic: () => number = () => performance.now()): Turn {
  const holds = () => lease.state.leading && !lease.state.provisional && monotonic() < lease.heldUntil
  return {
    holds,
    fence() {
      const { state } = lease
      return holds() && state.leading ? { lease: lease.name, holder: lease.holder, epoch: state.epoch } : null
    },
  }
}

/** The turn ended under us: whoever has it now goes on from what is written. */
export class TurnOver extends Error {
  constructor() {
    super('Another runner drives the runs now')
    this.name = 'TurnOver'
  }
}
