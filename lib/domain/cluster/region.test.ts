// When do we say that a whole region is down, how sure are we, and how does it end? Evidence is made manually, the clock moved.
import { describe, expect, it, test } from 'vitest'
import { aboutWriter } from './damage-verdict'
import { diagnoseRegion, initialRegionState, type RegionEvidence, regionsOf, regionTimes, withRegion } from './region'
import { type RegionService, regionServices } from './region-services'
import { emptyTrack, track } from './track'
import type { CanaryView, Diagnosis, Vote } from './types'
import { onOurTime, type VantageReport } from './vantage'

const times = regionTimes(1)
const minute = 60_000

const canaries = (votes: readonly Vote['vote'][]): CanaryView[] =>
  votes.map((vote, i) => ({
    service: regionServices[i] ?? 'rds',
    vote,
    detail: vote,
    observedAt: 0,
    everyMs: 5000,
    hard: false,
  }))
const failing = (count: number) => canaries(regionServices.map((_, i) => (i < count ? 'fail' : 'ok')))
const fine = canaries(['ok', 'ok', 'ok', 'ok'])
const outage: Omit<RegionEvidence, 'now'> = {
  region: 'us-west-2',
  drRegion: 'us-east-1',
  home: failing(5),
  elsewhere: fine,
  homeApi: 'silent',
  healthIssue: null,
}

/** Lets evidence hold from one moment to the next and answers what is found then. */
function machine() {
  let state = initialRegionState(0)
  return {
    at(now: number, e: Partial<RegionEvidence> = {}) {
      const round = diagnoseRegion(state, { ...outage, ...e, now }, times)
      state = round.state
      return round.finding
    },
  }
}

describe('an outage of the region', () => {
  it('is suspected after 3 minutes and confirmed after 10, and not before', () => {
    const m = machine()
    expect(m.at(0)).toBeNull()
    expect(m.at(3 * minute - 1)).toBeNull()
    expect(m.at(3 * minute)).toMatchObject({ certainty: 'suspected', since: 0, confirmsAt: 10 * minute })
    expect(m.at(10 * minute - 1)).toMatchObject({ certainty: 'suspected' })
    expect(m.at(10 * minute)).toMatchObject({ certainty: 'confirmed', since: 0, holds: true, confidence: 1 })
  })

  test.each<[string, Partial<RegionEvidence>, 'none' | 'suspected' | 'confirmed']>([
    ['five of five fail', {}, 'confirmed'],
    ['four of five fail', { home: failing(4) }, 'confirmed'],
    ['three of five fail, which is enough for a suspicion only', { home: failing(3) }, 'suspected'],
    ['two of five fail', { home: failing(2) }, 'none'],
    ['three of four fail, where one service is not used', { home: failing(3).slice(0, 4) }, 'confirmed'],
    ['two of two fail: too few to speak of a region', { home: failing(2).slice(0, 2) }, 'none'],
    [
      'what is unknown does not count as failing',
      { home: canaries(['fail', 'fail', 'unknown', 'unknown', 'unknown']) },
      'none',
    ],
    ['the other region fails in part', { elsewhere: canaries(['ok', 'fail', 'ok', 'ok']) }, 'none'],
    ['the other region is unknown in part', { elsewhere: canaries(['ok', 'unknown', 'ok', 'ok']) }, 'none'],
    ['nothing is known of the other region', { elsewhere: [] }, 'none'],
    ['the API answers the first collector: only the way between the regions is cut', { homeApi: 'answers' }, 'none'],
    ['the API was never asked', { homeApi: 'unknown' }, 'none'],
    [
      'AWS reports an issue, though the API answers us',
      { homeApi: 'answers', healthIssue: 'AWS reports an issue.' },
      'confirmed',
    ],
    [
      'the collector in the other region is silent',
      { home: canaries(regionServices.map(() => 'unknown')), elsewhere: canaries(['unknown']) },
      'none',
    ],
  ])('%s', (_, evidence, expected) => {
    const m = machine()
    m.at(0, evidence)
    m.at(5 * minute, evidence)
    expect(m.at(11 * minute, evidence)?.certainty ?? 'none').toBe(expected)
  })

  it('begins anew when the evidence was interrupted', () => {
    const m = machine()
    m.at(0)
    m.at(2 * minute, { home: failing(1) })
    expect(m.at(3 * minute)).toBeNull()
    expect(m.at(5 * minute)).toBeNull()
    expect(m.at(6 * minute)).toMatchObject({ certainty: 'suspected', since: 3 * minute })
  })

  it('stays while nobody sees the region, but recommends nothing then', () => {
    const m = machine()
    m.at(0)
    m.at(10 * minute)
    const blind = { home: canaries(regionServices.map(() => 'unknown')), elsewhere: canaries(['unknown']) }
    const found = m.at(20 * minute, blind)
    expect(found).toMatchObject({ certainty: 'confirmed', holds: false })
    expect(found?.headline).toBe('us-west-2 was not responding when it was last observed.')
    expect(withRegion(writer('primary-down'), found, null).recommend).toBe(false)
  })

  it('ends when most services have answered for two minutes, and says so meanwhile', () => {
    const m = machine()
    m.at(0)
    m.at(10 * minute)
    expect(m.at(11 * minute, { home: failing(2) })).toMatchObject({ headline: 'us-west-2 is responding again.' })
    expect(m.at(12 * minute, { home: failing(5) })).toMatchObject({ certainty: 'confirmed' })
    expect(m.at(13 * minute, { home: failing(0) })).not.toBeNull()
    expect(m.at(15 * minute, { home: failing(0) })).toBeNull()
  })
})

const writer = (kind: Diagnosis['kind']): Diagnosis => ({
  kind,
  certainty: 'confirmed',
  confidence: 1,
  headline: 'castmatch-prod-primary does not respond',
  detail: '',
  since: 0,
  scenario: 'S1',
  recommend: true,
  confirmsAt: null,
  held: null,
  evidence: ['Endpoint: fail (timeout)'],
})

it('takes precedence over the writer that is down with it, which is still told apart', () => {
  const m = machine()
  m.at(0)
  const shown = withRegion(writer('primary-down'), m.at(10 * minute), null)
  expect(shown).toMatchObject({ kind: 'region-outage', scenario: 'S3', recommend: true, certainty: 'confirmed' })
  expect(shown.headline).toBe('us-west-2 is not responding: 5 of 5 services fail from us-east-1.')
  expect(shown.evidence).toContain('RDS API of us-west-2, from us-east-1: fail (fail)')
  expect(shown.evidence).toContain('Endpoint: fail (timeout)')
  expect(aboutWriter(shown).kind).toBe('primary-down')
  // Its control plane is gone and its databases serve: nobody gives up a writer that works.
  const serving = withRegion(writer('healthy'), m.at(10 * minute), null)
  expect(serving).toMatchObject({ kind: 'region-outage', recommend: false })
  expect(serving.detail).toContain('The writer still commits writes.')
  // Promoted elsewhere, it is not the writer of the region that is down: nothing is left to promote.
  const promoted = withRegion(writer('degraded'), m.at(10 * minute), 'us-east-1')
  expect(promoted).toMatchObject({ kind: 'region-outage', recommend: false })
  expect(promoted.detail).toContain('The writer in us-east-1 commits writes.')
  expect(withRegion(writer('primary-down'), null, null)).toEqual(writer('primary-down'))
})

describe('what the collector in the other region reports', () => {
  const report = (age: number): VantageReport => ({
    now: 1000,
    everyMs: 1000,
    canaries: (['rds', 'database'] satisfies RegionService[]).map((service) => ({
      of: 'home',
      service,
      sample: {
        source: service,
        vantage: 'dr-region',
        startedAt: 990 - age,
        endedAt: 1000 - age,
        ok: false,
        error: { kind: 'timeout', message: 'No answer.' },
      },
    })),
  })
  const heard = (at: number, age = 0) =>
    track(emptyTrack<VantageReport>(), {
      source: 'dr-collector',
      vantage: 'dr-region',
      startedAt: at - 20,
      endedAt: at,
      ok: true,
      value: onOurTime(report(age), at - 20, at),
    })

  it('is on our clock, whatever the clock there says', () => {
    const seen = regionsOf(heard(50_000), 1000, 50_000)
    expect(seen.home.map(({ service, vote, observedAt }) => [service, vote, observedAt])).toEqual([
      ['rds', 'fail', 49_990],
      ['database', 'fail', 49_990],
    ])
  })

  it('is unknown when it is silent, and when a canary has not been asked lately: never fine, never failing', () => {
    const votes = (now: number, age = 0) => regionsOf(heard(50_000, age), 1000, now).home.map(({ vote }) => vote)
    expect(votes(53_000)).toEqual(['fail', 'fail'])
    expect(votes(53_001)).toEqual(['unknown', 'unknown'])
    expect(votes(50_000, 20_000)).toEqual(['unknown', 'unknown'])
    expect(regionsOf(emptyTrack(), 1000, 0)).toEqual({ home: [], elsewhere: [] })
  })
})
