import type { Drive } from './drive'

const confirmed = { maintenanceBy: 'Morgan Lee', maintenanceAt: '2026-11-29T03:00:00Z' }

/** Its steps are driven over switches; in the lab it is not yet, because a scene has no buckets. */
const shared = {
  slug: 's3-restore',
  certain: { write: 30, effect: 3 },
  parallel: null,
  control: 1,
  reusable: false,
  limitMs: 240_000,
  prepare: null,
}

export const inspectBackup: Drive = {
  ...shared,
  name: 's3-restore:inspect',
  inputs: { goal: 'inspect' },
  heldAfter: false,
}

export const cutOverToBackup: Drive = {
  ...shared,
  name: 's3-restore:cutover',
  inputs: { goal: 'cutover', ...confirmed },
  heldAfter: true,
}
