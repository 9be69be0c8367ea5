// The writer as the other region meets it: what the collector there says, and what its replica says beside it.
import { describe, expect, test } from 'vitest'
import { emptyTrack } from './track'
import type { CanaryView, Vote } from './types'
import { type ReceiverSight, votesOf } from './votes'

const now = 100_000
const canary = (vote: Vote['vote'], detail: string, hard = false): CanaryView => ({
  service: 'database',
  vote,
  detail,
  observedAt: now - 500,
  everyMs: 1000,
  hard,
})
const replica = (streaming: boolean): ReceiverSight => ({
  nodeId: 'x',
  crossRegion: true,
  observedAt: now,
  present: streaming,
  streaming,
  heardAt: streaming ? now : null,
})

function vote(elsewhere: CanaryView | null, sights: ReceiverSight[]): Vote | undefined {
  const silent = { track: emptyTrack<never>(), everyMs: 1000 }
  return votesOf({
    ...{
      now,
      write: silent,
      poolers: { tracks: [], everyMs: 1000, besideWriter: true },
      rds: { status: emptyTrack(), everyMs: 1000 },
    },
    ...{ receivers: { sights, everyMs: 1000 }, workload: null, metrics: null, elsewhere },
  }).find(({ vantage }) => vantage === 'dr-region')
}

describe('the vote of the other region', () => {
  test.each<[string, CanaryView | null, ReceiverSight[], Partial<Vote> | undefined]>([
    ['its collector reaches the writer', canary('ok', 'answers'), [replica(false)], { vote: 'ok', detail: 'connects' }],
    [
      'it does not, and the replica has lost its stream',
      canary('fail', 'timeout'),
      [replica(false)],
      { vote: 'fail', detail: 'timeout', hard: false },
    ],
    ['the writer refuses it', canary('fail', 'refused', true), [], { vote: 'fail', hard: true }],
    [
      'it does not, but the replica still receives',
      canary('fail', 'timeout'),
      [replica(true)],
      { vote: 'unknown', detail: 'timeout, streams' },
    ],
    [
      'it is silent: the replica stands in',
      canary('unknown', 'stale'),
      [replica(true)],
      { vote: 'ok', detail: 'streams' },
    ],
    [
      'there is no collector: the replica votes, as ever',
      null,
      [replica(false)],
      { vote: 'fail', detail: 'no stream' },
    ],
    ['there is neither', null, [], undefined],
  ])('%s', (_, elsewhere, sights, expected) => {
    const found = vote(elsewhere, sights)
    if (expected) expect(found).toMatchObject(expected)
    else expect(found).toBeUndefined()
  })
})
