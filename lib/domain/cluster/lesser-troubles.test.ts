/** Troubles beside the writer: each is the verdict as soon as it is certain, in a sentence that names it, and never calls for a failover. */
import { describe, expect, it } from 'vitest'
import { diagnose, initialState, productionTimes as times } from './diagnosis'
import type { DiagnosisState, Evidence } from './evidence'
import { isStarved, poolerTrouble } from './pooler'
import { emptyTrack, track } from './track'
import type { PoolView } from './types'
import { votesOf } from './votes'

const calm: Omit<Evidence, 'now'> = {
  clusterId: 'castmatch-prod-cluster',
  writer: { id: 'castmatch-prod-primary', name: 'primary' },
  votes: [
    {
      ...{
        vantage: 'endpoint',
        label: 'Endpoint',
        vote: 'ok',
        domain: 'our-network',
        weight: 2,
        detail: 'writes',
        hard: false,
      },
      ...{ observedAt: 0, everyMs: 1000 },
    },
  ],
  ...{ alarm: false, writeFailingSince: null, writeError: null, reads: 'ok', heardAt: null, reachedElsewhereAt: null },
  ...{ writersAnswering: ['castmatch-prod-primary'], failingOverSince: null, streamsLostSince: null },
  readers: [{ name: 'replica-1', trouble: null, streaming: true, lagSeconds: 0.3 }],
  ...{ poolerTrouble: null, apiTrouble: null, podsTrouble: null, blind: false, observed: true },
}
/** What is said at `at`, after ten calm seconds and this evidence from 10 s on, each second. */
function found(change: Partial<Evidence>, at: number) {
  let state: DiagnosisState = initialState(0)
  let diagnosis = diagnose(state, { now: 0, ...calm }, times).diagnosis
  for (let now = 0; now <= at; now += 1000)
    ({ state, diagnosis } = diagnose(state, { now, ...calm, ...(now >= 10_000 ? change : {}) }, times))
  return diagnosis
}

describe('the managed API', () => {
  const apiTrouble = 'The RDS API does not respond.'
  it('that hangs or fails is a warning at once: it has had its time already', () => {
    expect(found({ apiTrouble }, 10_000)).toMatchObject({
      ...{ kind: 'degraded', certainty: 'confirmed', headline: apiTrouble, recommend: false, scenario: null },
      detail: 'The writer is fine. A failover is not possible until the API responds.',
    })
  })
})

describe('a heartbeat that is missing or frozen', () => {
  it('is a warning of its own while writes commit, says what that means, and recommends nothing', () => {
    expect(found({ noHeartbeat: true }, 14_000)).toMatchObject({
      ...{ kind: 'degraded', headline: 'The heartbeat table dr_heartbeat is missing or frozen.', recommend: false },
      detail: 'The writer is fine. Losses are estimated from WAL positions until the table is restored.',
    })
    expect(found({ noHeartbeat: false }, 14_000).kind).toBe('healthy')
  })
})

describe('pods', () => {
  it('of which none is ready are no healthy cluster', () => {
    const podsTrouble = { ready: 0, of: 6, deployment: 'castmatch-api' }
    expect(found({ podsTrouble }, 12_000).kind).toBe('healthy')
    expect(found({ podsTrouble }, 13_000)).toMatchObject({
      ...{ kind: 'degraded', headline: '0 of 6 pods of castmatch-api are ready.', recommend: false },
    })
  })
  it('are said first, and what else is wrong after them', () => {
    const all = { podsTrouble: { ready: 1, of: 6, deployment: 'api' }, apiTrouble: 'The RDS API does not respond.' }
    expect(found(all, 14_000).detail).toMatch(/^The writer is fine\. .* Also: The RDS API does not respond\.$/)
  })
})

describe('readers', () => {
  const reader = (trouble: string, late = false) => ({
    name: 'primary',
    trouble,
    streaming: true,
    lagSeconds: 11,
    late,
  })
  it('are named as readers, also one whose name is "primary"', () => {
    expect(found({ readers: [reader('is down')] }, 14_000)).toMatchObject({
      ...{ headline: 'Reader primary is down.', detail: 'The writer is fine. No failover needed.' },
    })
  })
  it('that are late have been so for as long as they are late: nothing more is waited for', () => {
    expect(found({ readers: [reader('is 11 s behind', true)] }, 10_000).headline).toBe('Reader primary is 11 s behind.')
    expect(found({ readers: [reader('is down')] }, 10_000).kind).toBe('healthy')
  })
})

describe('a pooler', () => {
  const pool = (change: Partial<PoolView>): PoolView => ({
    ...{ present: true, clientsActive: 10, clientsWaiting: 0, serversActive: 10, serversIdle: 2, serversLimit: 20 },
    ...{ maxWaitSeconds: 0, paused: false, ...change },
  })
  const vote = (change: Partial<PoolView>, besideWriter = true) => {
    const value = pool(change)
    const seen = track(emptyTrack<PoolView>(), {
      ...{ source: 'p', vantage: 'pooler' as const, startedAt: 900, endedAt: 1000, ok: true as const, value },
    })
    return votesOf({
      ...{
        now: 1000,
        write: { track: emptyTrack(), everyMs: 1000 },
        poolers: { tracks: [seen], everyMs: 5000, besideWriter },
      },
      ...{ rds: { status: emptyTrack(), everyMs: 1000 }, receivers: { sights: [], everyMs: 1000 } },
      ...{ workload: null, metrics: null, elsewhere: null },
    }).find(({ vantage }) => vantage === 'pooler')
  }
  it('behind which clients wait for long is no proof that the writer works', () => {
    expect(vote({})).toMatchObject({ vote: 'ok' })
    expect(vote({ clientsWaiting: 3, maxWaitSeconds: 0.2 })).toMatchObject({ vote: 'ok' })
    expect(vote({ clientsWaiting: 387, maxWaitSeconds: 8 })).toMatchObject({ vote: 'unknown', detail: '387 waiting' })
  })
  it('in another region than the writer may serve it, and proves nothing by failing', () => {
    const failing = { maxWaitSeconds: 11, serversActive: 0 }
    expect(vote(failing)).toMatchObject({ vote: 'fail', detail: 'no server' })
    expect(vote(failing, false)).toMatchObject({ vote: 'unknown', detail: 'no server' })
    expect(vote({}, false)).toMatchObject({ vote: 'ok' })
  })
  it('whose servers are at a reader is no proof either', () => {
    expect(vote({ serversAt: 'replica-1' })).toMatchObject({ vote: 'unknown', detail: 'at a reader' })
  })
  it.each([
    [pool({ serversAt: 'replica-1' }), 'PgBouncer sends clients to the reader replica-1.'],
    [pool({ clientsWaiting: 387, serversActive: 0, serversIdle: 0 }), 'PgBouncer has no connection to the database.'],
    [pool({ clientsWaiting: 0, serversActive: 0, serversIdle: 0 }), null],
    [pool({ clientsWaiting: 4 }), null],
  ])('%# is in trouble in words', (value, headline) => {
    const sight = { name: 'p', address: { host: 'h', port: 6432 }, pool: value, down: false, instances: 1 }
    expect(poolerTrouble([sight], false)?.headline ?? null).toBe(headline)
  })
  it('that is paused starves nobody', () => {
    expect(isStarved(pool({ paused: true, clientsWaiting: 9, serversActive: 0, serversIdle: 0 }))).toBe(false)
  })
})
