// Scenario 33: sessions queue behind a lock, our heartbeat among them, until the server ends it by its statement timeout. The
// server lives: the vote is unknown, and nobody may call it dead; that it commits nothing is said as such.
import { expect, test } from 'vitest'
import { emptyTrack, track } from './track'
import type { Heartbeat, ProbeErrorKind, Sample } from './types'
import { votesOf } from './votes'

const failing = (kind: ProbeErrorKind, at: number): Sample<Heartbeat> => ({
  source: 'endpoint',
  vantage: 'endpoint',
  startedAt: at - 2000,
  endedAt: at,
  ok: false,
  error: { kind, message: 'It did not finish in time.' },
})

function endpointVote(kind: ProbeErrorKind) {
  let course = emptyTrack<Heartbeat>()
  for (let i = 1; i <= 5; i += 1) course = track(course, failing(kind, i * 2000))
  const votes = votesOf({
    now: 10_000,
    write: { track: course, everyMs: 2000 },
    poolers: { tracks: [], everyMs: 5000, besideWriter: true },
    rds: { status: emptyTrack(), everyMs: 2000 },
    receivers: { sights: [], everyMs: 1000 },
    workload: null,
    metrics: null,
    elsewhere: null,
  })
  return votes.find((v) => v.vantage === 'endpoint')?.vote
}

test('a heartbeat that the server ends by its time limit is an unknown vote, however often', () => {
  expect(endpointVote('busy')).toBe('unknown')
})

test('silence as long is a vote against it, so that the rule is not vacuous', () => {
  expect(endpointVote('timeout')).toBe('fail')
})
