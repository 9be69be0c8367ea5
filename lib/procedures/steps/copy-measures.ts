import type { Measure } from '../../domain/run/measure'
import type { CopyFacts } from './copy-facts'

/** What every recovery measures that may cut over to a copy: its clocks, and what was written after what the copy holds. */
export function copyMeasures({ validatedAt, openedAt, restoredAt, lossSeconds, lostCommits }: CopyFacts): Measure[] {
  const time = { unit: 'time', objective: null } as const
  return [
    { ...time, label: 'Copy validated', value: validatedAt ?? null },
    ...(openedAt === undefined
      ? []
      : ([
          { ...time, label: 'Writes restored', value: restoredAt ?? null, objective: 'rto', clock: 'restoredAt' },
          {
            label: 'Writes lost by heartbeat',
            value: lossSeconds ?? null,
            unit: 'seconds',
            objective: 'rpo',
            clock: 'lossSeconds',
          },
          {
            label: 'Acknowledged commits lost',
            value: lostCommits ?? null,
            unit: 'count',
            objective: 'committed-loss',
            clock: 'lostCommits',
          },
        ] as const)),
  ]
}
