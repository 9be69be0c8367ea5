// What AWS says of itself counts only while it was heard lately, of our region, and as an issue: a notice of maintenance is none.
import { expect, test } from 'vitest'
import { emptyTrack } from '../domain/cluster/track'
import type { PlatformEvent } from '../ports/platform-events'
import { openIssue } from './regions'

const event = (service: string, more: Partial<PlatformEvent> = {}): PlatformEvent => ({
  ...{ id: service, service, region: 'us-west-2', code: `AWS_${service}_ISSUE`, category: 'issue' },
  ...{ startedAt: 1, updatedAt: 1 },
  ...more,
})
const said = (value: PlatformEvent[] | null, okAt: number | null = 1_000, now = 2_000) =>
  openIssue({ ...emptyTrack<PlatformEvent[]>(), value, okAt }, 'us-west-2', now, 1_000)

test('open issues of the region are one sentence, each service once', () => {
  expect(said([event('S3'), event('RDS'), event('RDS')])).toBe(
    'AWS Health reports an open issue of RDS and S3 in us-west-2.',
  )
})

test.each([
  ['nothing is open', said([])],
  ['only maintenance is announced', said([event('RDS', { category: 'scheduledChange' })])],
  ['it is another region', said([event('RDS', { region: 'us-east-1' })])],
  ['it was not heard lately', said([event('RDS')], 1_000, 4_001)],
  ['it was never heard', said(null, null)],
  ['it is not read', openIssue(null, 'us-west-2', 2_000, 1_000)],
])('says nothing when %s', (_when, words) => {
  expect(words).toBeNull()
})
