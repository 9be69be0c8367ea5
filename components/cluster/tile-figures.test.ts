import { describe, expect, it } from 'vitest'
import type { BackupSummary } from '../../lib/domain/backups/types'
import type { AvailabilityView, MetricsView, NetworkView, PoolView, WorkloadView } from '../../lib/domain/cluster/types'
import {
  appTile,
  availabilityTile,
  backupTile,
  metricsTile,
  networkTile,
  poolTile,
  presentApp,
  presentPool,
} from './tile-figures'

const pool: PoolView = {
  present: true,
  clientsActive: 40,
  clientsWaiting: 0,
  serversActive: 21,
  serversIdle: 9,
  serversLimit: 60,
  maxWaitSeconds: 0,
  paused: false,
}
const app: WorkloadView = {
  namespace: 'production',
  deployment: 'castmatch-api',
  replicas: 6,
  ready: 6,
  updated: 6,
  databaseHost: null,
  rollout: 'complete',
  rolloutDetail: 'no rollout in progress',
  pods: [],
}
const rpo = { targetSeconds: 900, maximumSeconds: 3600 }

describe('the pool', () => {
  it('is a problem when clients wait and no server is left', () =>
    expect(
      poolTile({ ...pool, clientsWaiting: 143, serversActive: 0, serversIdle: 0, maxWaitSeconds: 19 }),
    ).toMatchObject({
      state: 'problem',
      value: '143',
      unit: 'clients waiting',
    }))
  it('warns when some wait a little', () =>
    expect(presentPool({ ...pool, clientsWaiting: 2, maxWaitSeconds: 1 }).state).toBe('lagging'))
  it('says that it is held rather than that it is broken', () =>
    expect(presentPool({ ...pool, paused: true, clientsWaiting: 9 }).word).toBe('PAUSED'))
  it('is unknown, with dashes for figures, when nothing was read', () =>
    expect(presentPool(null)).toMatchObject({
      state: 'unknown',
      rows: [['servers', '–', false], expect.anything(), expect.anything()],
    }))
  it('says so when clients go straight to the database', () =>
    expect(poolTile({ ...pool, present: false }).foot).toContain('straight to the database'))
})

describe('the application', () => {
  it.each([
    [6, 'complete', 'ok'],
    [5, 'progressing', 'working'],
    [5, 'complete', 'lagging'],
    [2, 'complete', 'problem'],
    [6, 'failed', 'problem'],
  ] as const)('with %d of 6 pods and a rollout that is %s is %s', (ready, rollout, state) =>
    expect(presentApp({ ...app, ready, rollout }).state).toBe(state),
  )
  it('shows pods as a share', () => expect(appTile(app).value).toBe('6/6'))
})

describe('backups', () => {
  const at = 10_000_000_000
  const backup = (ageSeconds: number) => ({
    retentionDays: 7,
    earliestRestorableAt: at - 7 * 86_400_000,
    latestRestorableAt: at - ageSeconds * 1000,
  })
  const unread = { value: null, observedAt: null, everyMs: 1, error: null, failingSince: null }
  const bucket = { bucket: 'b', region: 'us-west-2', older: 0, error: null, headError: null }
  const s3 = (change: Partial<BackupSummary> = {}) => ({
    ...unread,
    observedAt: at,
    value: {
      at,
      everyMs: 86_400_000,
      recent: [],
      rpo: { targetSeconds: 900, maximumSeconds: 3_600 },
      backups: 8,
      usable: 7,
      newest: { key: 'a', takenAt: at - 3_600_000 * 11, reason: null },
      recommended: {
        key: 'a',
        takenAt: at - 3_600_000 * 11,
        copy: 'same' as const,
        place: 'own' as const,
        verifiedAt: null,
      },
      own: bucket,
      copy: bucket,
      ...change,
    },
  })
  it('in S3 are told with their age, whether they were verified, and where they are', () =>
    expect(backupTile(backup(10), at, rpo, s3())).toMatchObject({
      state: 'ok',
      foot: expect.stringContaining('S3 11 h old, not verified, both regions'),
    }))
  it.each([
    ['none can be used', { recommended: null, usable: 0 }, 'problem'],
    ['the newest is rejected', { newest: { key: 'b', takenAt: at, reason: 'Size 12 kB of 38 GB.' } }, 'lagging'],
    ['a bucket is unknown', { copy: { ...bucket, error: 'S3 cannot be reached.' } }, 'lagging'],
  ] as const)('in S3 count when %s', (_, change, state) =>
    expect(backupTile(backup(10), at, rpo, s3(change)).state).toBe(state),
  )
  it('in S3 that are not configured change no state, and are not called none', () => {
    const absent = { ...unread, error: 'No backups in S3 are configured.' }
    const tile = backupTile(backup(10), at, rpo, absent)
    expect(tile).toMatchObject({ state: 'ok', foot: expect.stringContaining('No backups in S3 are configured') })
  })
  it.each([
    [300, 'ok', '05:00'],
    [901, 'lagging', '15:01'],
    [3601, 'problem', '1:00:01'],
  ] as const)('restorable up to %d s ago are %s', (age, state, value) =>
    expect(backupTile(backup(age), at, rpo, unread)).toMatchObject({ state, value }),
  )
  it('are a problem when none are kept', () =>
    expect(backupTile({ ...backup(10), retentionDays: 0 }, at, rpo, unread).state).toBe('problem'))
  it('are unknown before there is a restorable time', () =>
    expect(
      backupTile({ retentionDays: 7, earliestRestorableAt: null, latestRestorableAt: null }, at, rpo, unread).state,
    ).toBe('unknown'))
})

describe('metrics', () => {
  const metrics: MetricsView = { targetsUp: 14, targets: 14, alertsFiring: [], errorRatio: null, p95Ms: null }
  it('warn when a target is down though nothing fires', () =>
    expect(metricsTile({ ...metrics, targetsUp: 13 }).state).toBe('lagging'))
  it('are a problem when a critical alert fires, and name it', () =>
    expect(metricsTile({ ...metrics, alertsFiring: [{ name: 'PgDown', severity: 'critical' }] })).toMatchObject({
      state: 'problem',
      unit: 'alert firing',
      foot: expect.stringContaining('PgDown'),
    }))
})

describe('the network', () => {
  const network: NetworkView = {
    endpoint: 'e',
    resolvesTo: '10.0.0.1',
    answersAs: 'a-primary',
    tlsExpiresAt: 215 * 86_400_000,
  }
  it('shows the days to the first expiry and which node answers', () =>
    expect(networkTile(network, 0, { 'a-primary': 'primary' })).toMatchObject({
      state: 'ok',
      value: '215 d',
      foot: 'answers as primary',
    }))
  it('is a problem when the endpoint does not resolve', () =>
    expect(networkTile({ ...network, resolvesTo: null }, 0, {}).state).toBe('problem'))
  it('does not invent a certificate that nobody saw', () =>
    expect(networkTile({ ...network, tlsExpiresAt: null }, 0, {}).foot).toContain('no TLS certificate'))
})

describe('availability', () => {
  const view: AvailabilityView = {
    monthLabel: 'November',
    budgetSeconds: 2592,
    usedSeconds: 100,
    coverage: 0.5,
    downSince: null,
  }
  it('says what share of the month was seen, since the figure is a bound', () =>
    expect(availabilityTile(view)).toMatchObject({ state: 'ok', value: '41:32', foot: '50 % of the month seen' }))
  it('warns while an outage is counted', () =>
    expect(availabilityTile({ ...view, downSince: 0 }).state).toBe('lagging'))
  it('shows an overdrawn budget as negative', () =>
    expect(availabilityTile({ ...view, usedSeconds: 2652 })).toMatchObject({ state: 'problem', value: '-01:00' }))
})
