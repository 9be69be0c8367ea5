import type { AnyProcedure } from '../contract'
import { readFacts } from '../facts'
import { type RegionFacts, regionFacts } from './facts'

/**
 * When the application wrote again for those who use it, ms: writes committed on the promoted database, all of its pods were
 * ready there, and every configured name led there. Null while one of these is missing, and where the application was not
 * started by the run: then nobody here knows it.
 */
export function restoredAt({ writesSince, podsSince, application, moves = {} }: RegionFacts): number | null {
  if (application !== 'full' || writesSince == null || podsSince == null) return null
  const led = Object.values(moves).map(({ movedAt }) => movedAt)
  return led.reduce<number | null>(
    (last, at) => (last === null || at === null ? null : Math.max(last, at)),
    Math.max(writesSince, podsSince),
  )
}

/** What a cross-region recovery measured: the clocks of its incident, and what was lost by heartbeats and by numbered commits. */
export const regionMeasures: AnyProcedure['measures'] = {
  facts: [
    'impactAt',
    'detectedAt',
    'promotedAt',
    'writesSince',
    'podsSince',
    'application',
    'moves',
    'lossSeconds',
    'lostCommits',
    'returnedAt',
    'fencedAt',
    'oneSided',
  ],
  of(stored) {
    const { facts } = readFacts(regionFacts, stored)
    const time = { unit: 'time', objective: null } as const
    const count = { unit: 'count', objective: null } as const
    return [
      { ...time, label: 'Impact began', value: facts.impactAt ?? null, clock: 'impactAt' },
      { ...time, label: 'Detected', value: facts.detectedAt ?? null, clock: 'detectedAt' },
      { ...time, label: 'Replica promoted', value: facts.promotedAt ?? null },
      { ...time, label: 'Writes restored', value: restoredAt(facts), objective: 'rto', clock: 'restoredAt' },
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
