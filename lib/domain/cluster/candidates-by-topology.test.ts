// What a failover costs, and who can take over, is another matter in each of the four shapes.
import { describe, expect, test } from 'vitest'
import { type CandidateInput, candidateNote, type LossContext, rankCandidates } from './candidates'
import type { Topology } from './topology'
import { WalClock } from './wal-clock'

const clock = new WalClock(100)
for (let i = 0; i <= 60; i += 1) clock.push(BigInt(i * 1000), i * 1000, 1)

const context = (topology: Topology): LossContext => ({
  now: 80_000,
  topology,
  writer: { at: 60_000, lsn: 60_000n, timeline: 1, from: 'its own answer' },
  closedAt: null,
  clock,
  objectives: { targetSeconds: 900, maximumSeconds: 3600 },
  lateAfterSeconds: 10,
})

function reader(nodeId: string, have: bigint | null, more: Partial<CandidateInput> = {}): CandidateInput {
  const value = {
    standby: true,
    at: 79_900,
    systemId: null,
    timeline: null,
    flushLsn: null,
    haveLsn: have,
    replayLsn: have,
    replayPaused: have === null ? null : false,
    receiver: null,
    beat: null,
    connections: null,
    version: '15',
    readOnly: true,
  }
  const seen = { nodeId, startedAt: 79_900, endedAt: 79_900, value }
  return {
    nodeId,
    name: nodeId,
    crossRegion: false,
    seen,
    reachable: true,
    rdsStatus: 'available',
    tier: 1,
    zone: 'b',
    ...more,
  }
}

const rank = (topology: Topology, inputs: CandidateInput[]) => {
  const views = rankCandidates(inputs, 'a', context(topology))
  return { views, note: candidateNote(views, inputs, context(topology)) }
}

describe('an Aurora cluster', () => {
  test('loses nothing in its region however long the writer has been silent, and does not pretend to know the wait', () => {
    const { views, note } = rank('aurora', [reader('r2', null, { tier: 2 }), reader('r1', null)])
    expect(views.map((v) => v.nodeId)).toEqual(['r1', 'r2'])
    expect(views[0]).toMatchObject({
      best: true,
      allowed: 'allowed',
      loss: { known: true, atLeast: { seconds: 0, bytes: 0 }, atMost: { seconds: 0, bytes: 0 } },
      wait: { known: false },
    })
    expect(note).toContain('share one storage')
  })

  test('tells how far each reader’s cache is behind, and calls one late that Aurora may restart; unknown is said', () => {
    const known = (seconds: number) => ({ known: true as const, seconds, bytes: 0, replayBytes: 0, replaySeconds: 0 })
    const { views } = rank('aurora', [
      reader('far', null, { cache: known(40) }),
      reader('near', null, { cache: known(0.02) }),
      reader('mute', null, { cache: { known: false, why: 'Aurora has not reported it for a while' } }),
    ])
    const said = new Map(views.map((v) => [v.nodeId, v]))
    expect(said.get('near')).toMatchObject({ allowed: 'allowed', reason: expect.stringContaining('0.0 s behind') })
    expect(said.get('far')).toMatchObject({ allowed: 'late', reason: expect.stringContaining('may restart it') })
    expect(said.get('mute')).toMatchObject({ allowed: 'allowed', reason: expect.stringContaining('is unknown') })
    expect(views.every((v) => v.loss.known && v.loss.atMost.seconds === 0)).toBe(true)
  })

  test('is not ranked by WAL positions, which mean nothing on its readers', () => {
    const { views } = rank('aurora', [reader('far', 60_000n, { tier: 2 }), reader('near', 10_000n, { tier: 1 })])
    expect(views.map((v) => v.nodeId)).toEqual(['near', 'far'])
  })

  test('still refuses a reader that does not respond', () => {
    expect(rank('aurora', [reader('r1', null, { reachable: false })]).views[0]?.allowed).toBe('no')
  })
})

describe('a Multi-AZ DB cluster', () => {
  test('ranks by what was received, and says that only the first has all that was acknowledged', () => {
    const { views, note } = rank('multi_az_cluster', [
      reader('behind', 50_000n, { tier: 0 }),
      reader('ahead', 60_000n, { tier: 9 }),
    ])
    expect(views.map((v) => v.nodeId)).toEqual(['ahead', 'behind'])
    expect(views[0]?.reason).toContain('only the one that holds most has all that was acknowledged')
    expect(views[1]?.loss).toMatchObject({ known: true, atLeast: { bytes: 10_000 } })
    expect(note).toContain('only ahead has all acknowledged commits')
  })
})

describe('a lone instance', () => {
  const standby = reader('w', null, { standby: true, reachable: false, seen: null, zone: '' })

  test('fails over to its Multi-AZ standby first, without loss', () => {
    const { views, note } = rank('instance', [reader('r1', 60_000n), standby])
    expect(views.map((v) => [v.nodeId, v.best])).toEqual([
      ['w', true],
      ['r1', false],
    ])
    expect(views[0]?.loss).toMatchObject({ known: true, atMost: { seconds: 0 } })
    expect(note).toContain('its own standby')
  })

  test('without one promotes a replica, whose loss grows while the writer is unseen', () => {
    const { views, note } = rank('instance', [reader('r1', 55_000n)])
    expect(views[0]).toMatchObject({ best: true, loss: { atLeast: { seconds: 5 }, atMost: { seconds: 25 } } })
    expect(note).toContain('keeps its own address')
  })

  test('does not offer a standby that RDS reports is not available', () => {
    expect(rank('instance', [{ ...standby, rdsStatus: 'stopped' }]).views[0]?.allowed).toBe('no')
  })
})
