import type { AnyProcedure } from '../contract'
import { readFacts } from '../facts'
import { regionFacts } from './facts'

/** What a cross-region recovery measured: the clocks of its incident, and what was lost by heartbeats and by numbered commits. */
export const regionMeasures: AnyProcedure['measures'] = {
  facts: ['impactAt', 'detectedAt', 'promotedAt', 'lossSeconds', 'lostCommits', 'returnedAt', 'fencedAt', 'oneSided'],
  of(stored) {
    const { facts } = readFacts(regionFacts, stored)
    const time = { unit: 'time', objective: null } as const
    const count = { unit: 'count', objective: null } as const
    return [
      { ...time, label: 'Impact began', value: facts.impactAt ?? null, clock: 'impactAt' },
      { ...time, label: 'Detected', value: facts.detectedAt ?? null, clock: 'detectedAt' },
      { ...time, label: 'Replica promoted', value: facts.promotedAt ?? null },
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
      {
        label: 'Old writer fenced after its return',
        value: facts.fencedAt && facts.returnedAt ? (facts.fencedAt - facts.returnedAt) / 1000 : null,
        unit: 'seconds',
        objective: null,
      },
      { ...count, label: 'Commits only the old writer has', value: facts.oneSided?.old.commits ?? null },
      { ...count, label: 'Commits only the promoted database has', value: facts.oneSided?.promoted.commits ?? null },
    ]
  },
}
