import type { AnyProcedure } from '../contract'
import { readFacts } from '../facts'
import { type FailoverFacts, failoverFacts } from './facts'

/** What a failover measured: the clocks of its incident, and what was lost by heartbeats and by numbered commits. */
export const failoverMeasures: AnyProcedure['measures'] = {
  facts: [
    'impactAt',
    'detectedAt',
    'restoredAt',
    'lossSeconds',
    'lossEstimated',
    'lostCommits',
    'beatBefore',
    'targetBeat',
    'noHeartbeat',
  ],
  of(stored) {
    const { facts } = readFacts(failoverFacts, stored)
    const time = { unit: 'time', objective: null } as const
    return [
      { ...time, label: 'Impact began', value: facts.impactAt ?? null, clock: 'impactAt' },
      { ...time, label: 'Detected', value: facts.detectedAt ?? null, clock: 'detectedAt' },
      { ...time, label: 'Writes restored', value: facts.restoredAt ?? null, objective: 'rto', clock: 'restoredAt' },
      {
        label: facts.lossEstimated ? 'Writes lost at most (estimated by WAL position)' : 'Writes lost by heartbeat',
        value: facts.lossSeconds ?? null,
        ...(facts.lossEstimated && { estimated: true }),
        unit: 'seconds',
        objective: 'rpo',
        clock: 'lossSeconds',
      },
      // Measured by the times of heartbeats alone, an unknown number of them beside it would contradict the loss.
      ...(beatsLost(facts) === null && facts.lossSeconds != null && !facts.lossEstimated
        ? []
        : [{ label: 'Heartbeats lost', value: beatsLost(facts), unit: 'count', objective: null } as const]),
      {
        label: 'Acknowledged commits lost',
        value: facts.lostCommits ?? null,
        unit: 'count',
        objective: 'committed-loss',
        clock: 'lostCommits',
      },
    ]
  },
}

/** Numbered heartbeats that the old writer acknowledged and the new one never had. */
const beatsLost = ({ beatBefore, targetBeat, noHeartbeat }: FailoverFacts): number | null =>
  beatBefore && targetBeat && !noHeartbeat ? Math.max(0, beatBefore.seq - targetBeat.seq) : null
