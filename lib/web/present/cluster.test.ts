import { describe, expect, it } from 'vitest'
import type { CandidateView, Diagnosis, NodeView, Vote } from '../../domain/cluster/types'
import { onLossScale, presentCandidate, presentNode, presentVerdict, presentVote, seriesOf, withSight } from './cluster'

const finding = (kind: Diagnosis['kind'], certainty: Diagnosis['certainty']) => ({ kind, certainty }) as Diagnosis
const node = (over: Partial<NodeView>) =>
  ({ id: 'a', role: 'reader', state: 'ok', stream: { alive: true, since: null }, ...over }) as NodeView

describe('the verdict', () => {
  it('is dashed while suspected and solid once confirmed', () => {
    expect(presentVerdict(finding('primary-suspected', 'suspected'))).toMatchObject({
      state: 'problem',
      word: 'PROBLEM, SUSPECTED',
      edge: 'dashed',
    })
    expect(presentVerdict(finding('primary-down', 'confirmed')).edge).toBe('solid')
  })
  it('is never green when the state is unknown or our own network is at fault', () => {
    expect(presentVerdict(finding('unknown', 'none')).state).toBe('unknown')
    expect(presentVerdict(finding('own-partition', 'confirmed')).state).toBe('unknown')
  })
})

describe('a vote', () => {
  const vote = (over: Partial<Vote>) => ({ vote: 'ok', observedAt: 1, ...over }) as Vote
  it('that is old is stale, whatever it said', () =>
    expect(presentVote(vote({}), 'late')).toEqual({ state: 'unknown', word: 'STALE' }))
  it('that was never cast is no vote', () =>
    expect(presentVote(vote({ vote: 'unknown', observedAt: null }), 'blind').word).toBe('NO VOTE'))
})

describe('a node', () => {
  it('that answers without a stream is reachable, not simply fine', () =>
    expect(presentNode(node({ stream: { alive: false, since: 1 } })).word).toBe('REACHABLE'))
  it('that nobody could see is unknown and dashed', () =>
    expect(presentNode(node({ state: 'unknown' }))).toMatchObject({ state: 'unknown', dashed: true }))
})

describe('what was good when last seen', () => {
  it('is not called good once it is late', () =>
    expect(withSight({ state: 'ok', word: 'OK' }, 'late')).toEqual({ state: 'unknown', word: 'STALE' }))
  it('stays a warning while late, since nothing took it back', () =>
    expect(withSight({ state: 'dead', word: 'DOWN' }, 'late').word).toBe('DOWN'))
  it('says nothing at all once blind', () =>
    expect(withSight({ state: 'dead', word: 'DOWN' }, 'blind').state).toBe('unknown'))
})

describe('a candidate', () => {
  it('that cannot be reached is not called forbidden', () =>
    expect(presentCandidate({ allowed: 'no', reachable: false } as CandidateView).word).toBe('Not reachable'))
})

describe('colours of lines', () => {
  it('differ between readers and do not follow the order of the answer', () => {
    const nodes = [
      node({ id: 'x', role: 'cross-region' }),
      node({ id: 'b' }),
      node({ id: 'w', role: 'writer' }),
      node({ id: 'a' }),
    ]
    const colours = seriesOf(nodes)
    expect([colours.a, colours.b, colours.x]).toEqual([1, 2, 3])
    expect(seriesOf(nodes.slice().reverse())).toEqual(colours)
  })
})

describe('the loss scale', () => {
  it('runs from a tenth of a second to the maximum, and a loss of nothing stands at its start', () => {
    expect(onLossScale(0, 3600)).toBe(0)
    expect(onLossScale(0.1, 3600)).toBe(0)
    expect(onLossScale(3600, 3600)).toBe(1)
    expect(onLossScale(900, 3600)).toBeGreaterThan(0.8)
  })
  it('shows what is beyond the maximum as just beyond it', () => expect(onLossScale(1e9, 3600)).toBeCloseTo(1.04))
})
