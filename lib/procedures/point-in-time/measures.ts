import type { AnyProcedure } from '../contract'
import { readFacts } from '../facts'
import { pointFacts } from './facts'

/** What a recovery measured: its clocks where it cut over, and what was written after the restore point. */
export const pointMeasures: AnyProcedure['measures'] = {
  facts: ['impactAt', 'restoreAt', 'validatedAt', 'restoredAt', 'lossSeconds', 'lostCommits', 'openedAt'],
  of(stored) {
    const { facts } = readFacts(pointFacts, stored)
    const time = { unit: 'time', objective: null } as const
    const cutover = facts.openedAt !== undefined
    return [
      { ...time, label: 'Impact began', value: facts.impactAt ?? null, clock: 'impactAt' },
      { ...time, label: 'Restore point', value: facts.restoreAt ?? null },
      { ...time, label: 'Copy validated', value: facts.validatedAt ?? null },
      ...(cutover
        ? ([
            {
              ...time,
              label: 'Writes restored',
              value: facts.restoredAt ?? null,
              objective: 'rto',
              clock: 'restoredAt',
            },
            {
              label: 'Writes lost by heartbeat',
              value: facts.lossSeconds ?? null,
              unit: 'seconds',
              objective: 'rpo',
              clock: 'lossSeconds',
            },
            {
              label: 'Acknowledged commits lost',
              value: facts.lostCommits ?? null,
              unit: 'count',
              objective: 'committed-loss',
              clock: 'lostCommits',
            },
          ] as const)
        : []),
    ]
  },
}
