// The database takes writes, and the application is not back: its pods roll. The outage lasts until they are ready; how long writes had
// to succeed is said as it was asked here; and nobody speaks of pods where no Kubernetes is configured.
import { describe, expect, test } from 'vitest'
import type { StepContext, World } from '../contract'
import { steadyFor } from './steady-writes'
import { verifyRecovery } from './verify-recovery'

const t0 = Date.UTC(2026, 10, 29, 3)
const step = verifyRecovery({ newAddress: () => false })
type Ctx = Parameters<typeof step.verify>[1]

const pod = (ready: boolean, readyAt?: number) => ({
  name: 'p',
  ready,
  phase: 'Running',
  restarts: 0,
  reason: null,
  readyAt,
})
function verified({ pods, now, pace = 1 }: { pods: ReturnType<typeof pod>[] | null; now: number; pace?: number }) {
  const world = {
    pace,
    now: () => now,
    snapshot: () => ({ takenAt: now, writesSince: t0 + 10_000 }),
    ask: async () => null,
    environment: { kubernetes: pods && { namespace: 'n', deployments: ['api'], hostVariable: 'DATABASE_HOST' } },
    workloads: pods && {
      read: async () => ({
        deployment: 'api',
        replicas: pods.length,
        ready: pods.filter(({ ready }) => ready).length,
        pods,
        containers: [],
        running: [],
        annotations: {},
      }),
    },
    poolers: [],
  } as unknown as World
  const facts = { endpoint: { host: 'e', port: 5432 }, impactAt: t0, verdict: 'healthy', target: { id: 'new' } }
  return step.verify(world, { inputs: {}, facts } as unknown as StepContext<never, never> as Ctx, 0)
}

describe('the end of the outage', () => {
  test('is when the pods are ready, though the database took writes before', async () => {
    const pods = [pod(true, t0 + 40_000), pod(true, t0 + 55_000)]
    const proof = await verified({ pods, now: t0 + 90_000 })
    expect(proof).toMatchObject({ state: 'proved', facts: { restoredAt: t0 + 55_000 } })
    expect(proof.says).toContain('All pods are ready. The outage lasted 55 s.')
    expect(proof.says).toContain('Writes have committed for 35 s without an error; required: 30 s.')
    expect(await verified({ pods, now: t0 + 80_000 })).toMatchObject({ state: 'not-yet' })
  })
  test('has not come while a pod is not ready', async () => {
    const proof = await verified({ pods: [pod(true, t0), pod(false)], now: t0 + 90_000 })
    expect(proof).toMatchObject({ state: 'not-yet', facts: { podsMissed: true } })
    expect(proof.says).toContain('1 of 2 pods of api are ready')
  })
  test('speaks of no pods where no Kubernetes is configured', async () => {
    const proof = await verified({ pods: null, now: t0 + 90_000 })
    expect(proof).toMatchObject({ state: 'proved', facts: { restoredAt: t0 + 10_000 } })
    expect(proof.says).not.toMatch(/pod/)
    expect((await verified({ pods: null, now: t0 + 20_000 })).says).not.toMatch(/pod/)
  })
})

test('the threshold that was used is said, with the one that the pace of the lab shortened', async () => {
  expect(steadyFor({ pace: 1 }).words).toBe('30 s')
  expect(steadyFor({ pace: 0.01 })).toEqual({ ms: 300, words: '0.3 s (30 s at the pace of this environment)' })
  const proof = await verified({ pods: null, now: t0 + 10_400, pace: 0.01 })
  expect(proof.says).toContain('without an error; required: 0.3 s (30 s at the pace of this environment).')
})
