import type { Way } from '../../domain/procedure/catalogue'

const minutes = (low: number, high: number) => ({ lowSeconds: low * 60, highSeconds: high * 60 })

/**
 * What a recovery can be put to, for the decision sheet: the least that repairs comes first. Figures: the steps' estimates; a
 * cutover takes the runbook's one to two hours.
 */
export const ways: readonly Way[] = [
  {
    id: 'extract',
    shortTitle: 'Extract and merge',
    purpose: 'Restores a copy beside the source and merges the damaged rows back. The source keeps serving.',
    inputs: { goal: 'extract' },
    tables: 'damagedTables',
    point: 'at',
    estimate: minutes(45, 100),
    loses: 'nothing',
    approvals: ['Restore', 'Merge'],
    repairs: 'named-tables',
  },
  {
    id: 'cutover',
    shortTitle: 'Cut over',
    purpose: 'Restores a copy and moves all traffic to it. The source is fenced and kept.',
    inputs: { goal: 'cutover' },
    tables: 'damagedTables',
    point: 'at',
    estimate: minutes(60, 120),
    loses: 'point-in-time',
    approvals: ['Restore', 'Cutover'],
    repairs: 'all',
  },
  {
    id: 'inspect',
    shortTitle: 'Inspect a copy',
    purpose: 'Restores a copy to look at. It repairs nothing, and the source stays as it is.',
    inputs: { goal: 'inspect' },
    tables: 'damagedTables',
    point: 'at',
    estimate: minutes(35, 75),
    loses: 'nothing',
    approvals: ['Restore'],
    repairs: 'no',
  },
]
