import type { Drive } from './drive'

/** Its steps are driven over switches; in the lab it is a part of the test of the whole way there and back. */
export const failBack: Drive = {
  name: 'fail-back',
  slug: 'fail-back',
  inputs: { source: 'us-east-1/replica', target: 'replica-home' },
  certain: { write: 15, effect: 4 },
  sampled: { effects: 0, writes: 0 },
  parallel: null,
  control: 1,
  reusable: false,
  heldAfter: false,
  limitMs: 60_000,
  prepare: null,
}
