import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PortError } from '../../ports/port-error'
import type { StepContext, Surroundings, World } from '../contract'
import type { FailoverFacts } from '../primary-failover/facts'
import type { FailoverInputs } from '../primary-failover/inputs'
import { fenceOldWriter, lookAtOldWriter } from './fence'

/** How the old writer and what surrounds it are. */
interface Case {
  topology: 'hybrid' | 'aurora' | 'multi_az_cluster' | 'instance'
  answers: 'writer' | 'reader' | 'nobody'
  named: 'old' | 'new'
  exists: boolean
  status: 'available' | 'rebooting'
  quarantined: boolean
  canLogin: boolean
  sessions: number
  refusedWith: string | null
  readOnlyForUs: boolean
  recovery: 'none' | 'works' | 'denied'
  group: boolean
  /** RDS is throttled: it describes nothing. */
  throttled: boolean
}

const environmentOf = (c: Case) =>
  ({
    aws: { region: 'us-west-2', clusterId: 'c', quarantineSecurityGroupId: c.group ? 'sg-q' : null },
    database: {
      name: 'd',
      user: 'warroom',
      recovery: c.recovery === 'none' ? null : { user: 'recovery' },
      applicationRoles: ['app'],
      criticalTables: [],
    },
  }) as unknown as Surroundings
const denied = () => Promise.reject(new PortError('auth', 'denied.', { outcome: 'rejected', probe: 'auth' }))
const throttled = () => Promise.reject(new PortError('transient', 'throttled.', { outcome: 'rejected', probe: 'api' }))
const away = () => Promise.reject(new PortError('unreachable', 'away.', { outcome: 'rejected', probe: 'refused' }))

function worldOf(c: Case): World {
  const cluster =
    c.topology === 'instance'
      ? null
      : {
          status: 'available',
          engine: c.topology === 'aurora' ? 'aurora-postgresql' : 'postgres',
          tags: c.topology === 'hybrid' ? { 'dr-lab': 'hybrid' } : {},
          members: ['old', 'new'].map((id) => ({ id, isWriter: id === c.named, promotionTier: 1 })),
        }
  const groups = { securityGroupIds: c.quarantined ? ['sg-q'] : ['sg-1'], replicaSourceId: null, region: 'us-west-2' }
  return {
    environment: environmentOf(c),
    snapshot: () => null,
    fleet: {
      guarded: async () => {
        if (c.throttled) return await throttled()
        return {
          cluster,
          instances: (c.exists ? ['old', 'new'] : ['new']).map((id) => ({
            id,
            status: c.status,
            engine: 'postgres',
            ...groups,
          })),
        }
      },
    },
    ask: async ({ host }: { host: string }) => {
      if (host === 'new') return { standby: false, timeline: 2 }
      return c.answers === 'nobody'
        ? away()
        : { standby: c.answers === 'reader', timeline: 1, readOnly: c.readOnlyForUs }
    },
    lookAtFence: async () =>
      c.recovery === 'none'
        ? null
        : c.recovery === 'denied'
          ? denied()
          : {
              canLogin: c.canLogin ? ['app'] : [],
              sessions: c.sessions,
              readOnlyByDefault: true,
              write: { by: 'app', refusedWith: c.refusedWith },
            },
  } as unknown as World
}

const contextOf = (c: Case, more: FailoverFacts = {}) => {
  const node = (id: string) => ({ id, host: id, port: 5432, securityGroupIds: ['sg-1'] })
  const facts = { topology: c.topology, writerBefore: node('old'), target: node('new'), ...more }
  return { runId: 'r', facts } as unknown as StepContext<FailoverInputs>
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  topology: fc.constantFrom('hybrid', 'aurora', 'multi_az_cluster', 'instance'),
  answers: fc.constantFrom('writer', 'reader', 'nobody'),
  named: fc.constantFrom('old', 'new'),
  exists: fc.boolean(),
  status: fc.constantFrom('available', 'rebooting'),
  quarantined: fc.boolean(),
  canLogin: fc.boolean(),
  sessions: fc.nat(2),
  refusedWith: fc.constantFrom(null, '25006', '42501'),
  readOnlyForUs: fc.boolean(),
  recovery: fc.constantFrom('none', 'works', 'denied'),
  group: fc.boolean(),
  throttled: fc.boolean(),
})

describe('the old writer', () => {
  test('is called closed only when nothing of the application’s gets in, in whatever state the rest is', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (c) => {
        const state = await lookAtOldWriter(worldOf(c), contextOf(c))
        const closedInside =
          c.recovery === 'works' && !c.canLogin && c.sessions === 0 && c.refusedWith === '25006' && c.readOnlyForUs
        if (state.kind === 'reader') expect(c.answers).toBe('reader')
        if (state.kind === 'gone') expect(c).toMatchObject({ answers: 'nobody', exists: false, throttled: false })
        if (state.kind === 'pending') expect(c.answers).toBe('nobody')
        if (state.kind === 'fenced')
          expect(closedInside || (c.answers === 'nobody' && c.quarantined && c.group && !c.throttled)).toBe(true)
        // RDS that cannot be read neither fences nor holds the clients who wait for this step.
        if (c.throttled && c.answers === 'nobody') expect(state.kind).toBe('pending')
        if (c.answers === 'writer' && !closedInside) expect(state.kind).toBe('open')
      }),
    )
  })

  test('is closed by a call that a yes covers, whatever was found', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (c) => {
        const step = fenceOldWriter(environmentOf(c))
        const seen = await step.observe?.(worldOf(c), contextOf(c))
        const ctx = contextOf(c, seen?.facts as FailoverFacts)
        const call = step.call?.(ctx, environmentOf(c)) ?? null
        // What was approved was shown before anything of this was known.
        const covered = step.alternatives?.(contextOf(c), environmentOf(c)).map((a) => JSON.stringify(a.call)) ?? []
        if (call) expect(covered).toContain(JSON.stringify(call))
        if (call && seen?.state === 'not-started') expect(step.undo?.call(ctx, environmentOf(c)).kind).toBe(call.kind)
      }),
    )
  })

  test('that answers and cannot be closed by anything keeps the step from being done', async () => {
    const c: Case = {
      topology: 'aurora',
      answers: 'writer',
      named: 'new',
      exists: true,
      status: 'available',
      quarantined: false,
      canLogin: true,
      sessions: 3,
      refusedWith: null,
      readOnlyForUs: false,
      recovery: 'none',
      group: true,
      throttled: false,
    }
    const step = fenceOldWriter(environmentOf(c))
    expect(await step.verify(worldOf(c), contextOf(c), 0)).toMatchObject({ state: 'not-yet' })
  })
})
