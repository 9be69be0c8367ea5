import type { Drive } from './drive'

/** Its steps are driven over switches. */
export const recoverElsewhere: Drive = {
  name: 'region-recovery',
  slug: 'region-recovery',
  inputs: { target: 'us-east-1/replica' },
  certain: { write: 30, effect: 4 },
  sampled: { effects: 0, writes: 0 },
  parallel: null,
  control: 1,
  reusable: false,
  heldAfter: false,
  limitMs: 120_000,
  prepare: null,
}
