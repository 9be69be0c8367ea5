import type { Fence } from '../store/run-moves'
import type { Lease } from './lease'

/**
 * A runner's turn at driving runs: the leader of an environment drives them. Locally the turn ends a little before it does
 * in the store, by two clocks: one that goes on while the process is frozen, and the wall clock, which goes on while the
 * machine is suspended. A runner that thaws knows by itself that its turn is over before it touches anything; right before
 * an effect the store is asked as well.
 */
export interface Turn {
  holds(): boolean
  /** What every write of the runner carries; null when it is not our turn. */
  fence(): Fence | null
}

/** Leadership without the store (epoch 0) is enough to watch, and never enough to act. */
export function turnOf(lease: Pick<Lease, 'name' | 'holder' | 'state' | 'inTime'>): Turn {
  const holds = () => lease.state.leading && !lease.state.provisional && lease.inTime
  return {
    holds,
    fence() {
      const { state } = lease
      return holds() && state.leading ? { lease: lease.name, holder: lease.holder, epoch: state.epoch } : null
    },
  }
}

/** The turn ended under us: whoever has it now continues from what is written. */
export class TurnOver extends Error {
  constructor() {
    super('Another runner drives the runs now')
    this.name = 'TurnOver'
  }
}
