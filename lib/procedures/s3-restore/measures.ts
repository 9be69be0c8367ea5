import type { AnyProcedure } from '../contract'
import { readFacts } from '../facts'
import { copyMeasures } from '../steps/copy-measures'
import { restoreFacts } from './facts'

/** What a restore measured: the moment that its backup is really of, its clocks, and what was written since. */
export const restoreMeasures: AnyProcedure['measures'] = {
  facts: ['impactAt', 'backup', 'targetBeat', 'validatedAt', 'restoredAt', 'lossSeconds', 'lostCommits', 'openedAt'],
  of(stored) {
    const { facts } = readFacts(restoreFacts, stored)
    const time = { unit: 'time', objective: null } as const
    return [
      { ...time, label: 'Impact began', value: facts.impactAt ?? null, clock: 'impactAt' },
      { ...time, label: 'Backup taken', value: facts.backup?.takenAt ?? null },
      { ...time, label: 'Measured recovery point', value: facts.targetBeat?.at ?? null },
      ...copyMeasures(facts),
    ]
  },
}
