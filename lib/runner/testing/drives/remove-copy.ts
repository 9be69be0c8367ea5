import type { Drive } from './drive'

/** Its steps are driven over switches; in the lab the deletion of a copy is a part of the tests that restore one. */
export const removeCopy: Drive = {
  name: 'remove-copy',
  slug: 'remove-copy',
  inputs: { copy: 'castmatch-prod-cluster-20261129t0400z-0a1b2c', madeBy: '20261129t0400z-0a1b2c', instances: 2 },
  certain: { write: 10, effect: 3 },
  sampled: { effects: 0, writes: 0 },
  parallel: null,
  control: 1,
  reusable: false,
  heldAfter: false,
  limitMs: 60_000,
  prepare: null,
}
