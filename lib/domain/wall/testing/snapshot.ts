import type { Reading, Snapshot } from '../../cluster/types'

export const takenAt = Date.UTC(2026, 5, 1, 3, 20)
const reading = <T>(value: T | null, error: string | null = null): Reading<T> => ({
  value,
  observedAt: takenAt,
  everyMs: 1000,
  error,
  failingSince: error ? takenAt : null,
})

/** Stands where nothing of it may come onto the wall. */
export const canary = 'canary-10.1.2.3-dba@castmatch.com-123456789012'

/** A writer and a reader as the collector sees them, with a canary in whatever the wall does not show. */
export function snapshotWithCanaries(): Snapshot {
  const node = (id: string, role: 'writer' | 'reader'): Snapshot['nodes'][number] => ({
    id,
    role,
    state: 'ok',
    stateDetail: canary,
    region: 'us-west-2',
    zone: 'us-west-2a',
    address: { host: canary, port: 5432 },
    rdsStatus: reading(canary),
    instanceClass: canary,
    version: canary,
    connections: reading({ used: 10, limit: 100 }, canary),
    position: reading({ lsn: canary, timeline: 1, standby: role === 'reader' }),
    lag:
      role === 'reader'
        ? reading({ known: true, seconds: 0.4, bytes: 1, replayBytes: 1, replaySeconds: 0.4 })
        : reading({ known: false, why: canary }),
    stream: { alive: true, since: takenAt },
    lastBeatAt: takenAt,
  })
  return {
    seq: 7,
    epoch: 2,
    takenAt,
    collector: canary,
    environment: {
      name: 'lab',
      kind: 'lab',
      region: 'us-west-2',
      drRegion: 'us-east-1',
      cluster: 'castmatch-prod-cluster',
    },
    topology: 'aurora',
    diagnosis: {
      kind: 'healthy',
      certainty: 'none',
      confidence: 0,
      headline: 'Healthy. The writer answers.',
      detail: canary,
      since: takenAt - 60_000,
      scenario: null,
      recommend: false,
      confirmsAt: null,
      held: null,
      evidence: [canary],
    },
    votes: [
      {
        vantage: 'endpoint',
        label: canary,
        vote: 'ok',
        domain: 'our-network',
        weight: 1,
        detail: canary,
        observedAt: takenAt,
        everyMs: 1000,
        hard: false,
      },
    ],
    nodes: [node('castmatch-prod-primary', 'writer'), node('castmatch-prod-replica-1', 'reader')],
    writerId: 'castmatch-prod-primary',
    writerPosition: { observedAt: takenAt, lsn: canary, from: canary },
    lastHeartbeatAt: takenAt,
    writesSince: takenAt,
    candidates: [
      {
        nodeId: 'castmatch-prod-replica-1',
        reachable: true,
        allowed: 'allowed',
        reason: canary,
        best: true,
        loss: { known: false, why: canary },
        wait: { known: false, why: canary },
        observedAt: takenAt,
      },
    ],
    candidateNote: canary,
    pool: reading(
      {
        present: true,
        clientsActive: 3,
        clientsWaiting: 0,
        serversActive: 3,
        serversIdle: 2,
        serversLimit: 60,
        maxWaitSeconds: 0,
        paused: false,
      },
      canary,
    ),
    poolers: [],
    workload: reading({
      namespace: canary,
      deployment: 'castmatch-api',
      replicas: 1,
      ready: 1,
      updated: 1,
      databaseHost: canary,
      rollout: 'complete',
      rolloutDetail: canary,
      pods: [{ name: canary, ready: true, phase: canary, restarts: 0, reason: canary }],
    }),
    backups: reading({ retentionDays: 7, earliestRestorableAt: takenAt, latestRestorableAt: takenAt }),
    s3Backups: reading({
      at: takenAt,
      everyMs: 1,
      backups: 1,
      usable: 0,
      newest: { key: canary, takenAt, reason: canary },
      recommended: null,
      recent: [{ key: canary, takenAt, size: 1, reason: canary }],
      rpo: { targetSeconds: 1, maximumSeconds: 1 },
      own: { bucket: canary, region: canary, older: 0, error: canary, headError: null },
      copy: null,
    }),
    regions: reading({
      home: [{ service: 'rds', vote: 'fail', detail: canary, observedAt: takenAt, everyMs: 1000, hard: false }],
      elsewhere: [],
    }),
    metrics: reading({
      targetsUp: 1,
      targets: 1,
      alertsFiring: [{ name: canary, severity: canary }],
      errorRatio: 0,
      p95Ms: 1,
    }),
    names: reading([
      {
        use: 'api' as const,
        name: canary,
        answers: ['api.us-west-2.castmatch.com', 'api.us-east-1.castmatch.com', canary].map((alias) => ({
          kind: 'public' as const,
          address: canary,
          answer: { kind: 'answer' as const, alias, addresses: [canary], ttlSeconds: 30 },
          error: null,
        })),
        agreedSince: null,
      },
    ]),
    network: reading({ endpoint: canary, resolvesTo: canary, answersAs: canary, tlsExpiresAt: null }),
    availability: reading({ monthLabel: 'June', budgetSeconds: 2592, usedSeconds: 0, coverage: 1, downSince: null }),
    blocking: reading([
      {
        root: 1,
        depth: 0,
        pid: 1,
        user: canary,
        application: canary,
        state: canary,
        waitEvent: canary,
        transactionSeconds: 1,
        statement: canary,
      },
    ]),
    slots: reading([{ name: canary, active: true, walStatus: canary, retainedBytes: 1 }]),
    events: [{ at: takenAt, source: canary, message: canary, categories: [canary] }],
    rdsObservedAt: takenAt,
    store: { ok: false, since: takenAt, error: canary },
  }
}
