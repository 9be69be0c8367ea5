import type { Drive } from './drive'

/** Its steps are driven over switches; in the lab a replica is made in the tests of the way back. */
export const rebuildReplica: Drive = {
  name: 'rebuild-replica',
  slug: 'rebuild-replica',
  inputs: { source: 'us-east-1/replica' },
  certain: { write: 10, effect: 1 },
  sampled: { effects: 0, writes: 0 },
  parallel: null,
  control: 1,
  reusable: false,
  heldAfter: false,
  limitMs: 60_000,
  prepare: null,
}
