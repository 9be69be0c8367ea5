/** What an attempt at a lease found, on the store's clock (durations only: clocks of two machines are not compared). */
export type LeaseAttempt =
  | { held: true; epoch: number; expiresInMs: number }
  | { held: false; holder: string; epoch: number; expiresInMs: number }

/**
 * Named leases with a rising epoch (a fencing token), decided by the store's clock in one statement each. Any method
 * rejects when the store is not responding; the caller decides what that means.
 */
export interface LeaseStore {
  /**
   * Takes the lease when it is free or expired: the epoch rises by one. When this holder has it already (same holder,
   * not expired) it is extended and keeps its epoch. Otherwise tells who has it.
   */
  acquire(name: string, holder: string, ttlMs: number): Promise<LeaseAttempt>
  /** Extends a lease that is still ours (holder and epoch match), even when it expired and nobody took it. */
  renew(name: string, holder: string, epoch: number, ttlMs: number): Promise<boolean>
  /** Lets go at once; the epoch stays. Does nothing when the lease is not ours. */
  release(name: string, holder: string, epoch: number): Promise<void>
}
