import type { PoolView } from '../domain/cluster/types'

/** The connection pooler's admin console. Throws PortError. */
export interface Pooler {
  readonly name: string
  readonly address: { host: string; port: number }
  pools(): Promise<PoolView>
  /** Where the pool leads by its configuration; null when it has no pool of that name. */
  target(database: string): Promise<{ host: string; port: number } | null>
  /**
   * How many PgBouncer processes have answered at its address: one, unless something spreads connections over several. Asks
   * over connections of its own.
   */
  instances(): Promise<number>
  servers(): Promise<{ address: string; port: number; state: string }[]>
  /** Stops new work and waits at most `limitMs` for running work. */
  pause(database: string, limitMs: number): Promise<'paused' | 'timed-out'>
  kill(database: string): Promise<void>
  resume(database: string): Promise<void>
  reconnect(database: string): Promise<void>
  close(): Promise<void>
}
