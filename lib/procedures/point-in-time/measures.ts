import type { AnyProcedure } from '../contract'
import { readFacts } from '../facts'
import { copyMeasures } from '../steps/copy-measures'
import { pointFacts } from './facts'

/** What a recovery measured: its clocks where it cut over, and what was written after the restore point. */
export const pointMeasures: AnyProcedure['measures'] = {
  facts: ['impactAt', 'restoreAt', 'validatedAt', 'restoredAt', 'lossSeconds', 'lostCommits', 'openedAt'],
  of(stored) {
    const { facts } = readFacts(pointFacts, stored)
    const time = { unit: 'time', objective: null } as const
    return [
      { ...time, label: 'Impact began', value: facts.impactAt ?? null, clock: 'impactAt' },
      { ...time, label: 'Restore point', value: facts.restoreAt ?? null },
      ...copyMeasures(facts),
    ]
  },
}
