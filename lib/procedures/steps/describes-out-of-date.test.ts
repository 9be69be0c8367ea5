// Scenarios 6 and 15. What RDS describes is old for a while, or it promotes another reader than the one that was chosen, or the
// chosen one dies. A failover is proved only when the API and the server itself agree, and failed only when it cannot
// become true any more.
import { describe, expect, test } from 'vitest'
import { PortError } from '../../ports/port-error'
import type { StepContext, World } from '../contract'
import type { FailoverInputs } from '../failover-inputs'
import { failoverRevisions } from '../failover-revisions'
import { primaryFailover } from '../primary-failover'
import { failOver, failOverCall } from './fail-over'

const now = Date.UTC(2026, 10, 23)
const address = (id: string) => ({ host: id, port: 5432 })

interface Scene {
  /** Whom RDS names, and in which status. */
  named: string
  status?: string
  events?: string[]
  /** Who says of itself that it takes writes; the others are standbys. */
  writes: string[]
  dead?: string[]
  /** Where the cluster endpoint leads. */
  endpoint?: string
}

function worldOf(scene: Scene): World {
  const members = ['w', 'r1', 'r2'].map((id) => ({ id, isWriter: id === scene.named, promotionTier: 1 }))
  const ask = async (at: { host: string }, question: (probe: unknown) => Promise<unknown>) => {
    const id = at.host === 'endpoint' ? (scene.endpoint ?? scene.named) : at.host
    if (scene.dead?.includes(id))
      throw new PortError('unreachable', `${id} refused the connection.`, { outcome: 'rejected', probe: 'refused' })
    const standby = !scene.writes.includes(id)
    return await question({
      position: async () => ({ standby, timeline: standby ? 1 : 2, replayPaused: false, flushLsn: 1n, haveLsn: 1n }),
      heartbeat: async () => {
        if (standby) throw new PortError('state', 'It is read only.', { outcome: 'rejected', probe: 'read-only' })
        return { at: now, seq: 1, lsn: 1n }
      },
    })
  }
  return {
    environment: { name: 'prod', aws: { clusterId: 'c', region: 'us-west-2' }, database: {}, pooler: null },
    pace: 1,
    now: () => now,
    snapshot: () => null,
    ask,
    fleet: {
      guarded: async () => ({
        cluster: { status: scene.status ?? 'available', members, writerEndpoint: address('endpoint'), tags: {} },
        instances: members.map(({ id }) => ({ id, region: 'us-west-2', address: address(id) })),
      }),
      events: async () => (scene.events ?? []).map((message, i) => ({ at: now + i, source: 'c', message })),
    },
  } as unknown as World
}

const context = {
  startedAt: now - 1000,
  inputs: { target: 'r1', maxLossSeconds: 60 },
  facts: {
    topology: 'hybrid',
    target: { id: 'r1', ...address('r1') },
    writerBefore: { id: 'w', ...address('w'), timeline: 1 },
    endpoint: address('endpoint'),
  },
} as unknown as StepContext<FailoverInputs>
const begun = 'Started cross AZ failover to DB instance: r1'
const over = 'Completed customer initiated failover to DB instance: r1'
const look = (scene: Scene) => failOver.verify(worldOf(scene), context, 0)
const observe = (scene: Scene) => failOver.observe?.(worldOf(scene), context)

describe('a failover is not proved', () => {
  test('while RDS still describes the old writer, though the target takes writes', async () => {
    expect(await look({ named: 'w', events: [begun, over], writes: ['r1'] })).toMatchObject({ state: 'not-yet' })
    expect(await observe({ named: 'w', events: [], writes: ['r1'] })).toMatchObject({ state: 'in-flight' })
  })

  test('while the target itself says that it is a standby, though RDS says that it is done', async () => {
    expect(await look({ named: 'r1', events: [begun, over], writes: [] })).toMatchObject({
      state: 'not-yet',
      says: expect.stringContaining('it still says that it is a standby'),
    })
  })

  test('while the cluster endpoint still leads to the old node', async () => {
    const scene = { named: 'r1', events: [begun, over], writes: ['r1'], endpoint: 'r2' }
    expect(await look(scene)).toMatchObject({ state: 'not-yet' })
  })

  test('until both agree, and then three times in a row', async () => {
    expect(await look({ named: 'r1', events: [begun, over], writes: ['r1'] })).toMatchObject({ state: 'proved' })
    expect(failOver.agreeing).toBe(3)
  })
})

describe('the target', () => {
  test('that is not promoted because another reader was, is told by name, and nothing is sent again', async () => {
    const other = 'Completed failover to DB instance: r2'
    const scene = { named: 'r2', events: ['Started cross AZ failover to DB instance: r2', other], writes: ['r2'] }
    const otherWriter = { id: 'r2', host: 'r2', port: 5432, timeline: 2 }
    expect(await look(scene)).toMatchObject({
      state: 'failed',
      says: 'RDS promoted r2, not r1.',
      facts: { otherWriter },
    })
    expect(await observe(scene)).toMatchObject({
      state: 'conflict',
      says: expect.stringContaining('r2'),
      facts: { otherWriter },
    })
  })

  test('that a person accepts instead is followed by its own names, and nothing is sent towards it', async () => {
    const events = ['Started cross AZ failover to DB instance: r2', 'Completed failover to DB instance: r2']
    const scene = { named: 'r2', events, writes: ['r2'] }
    const seen = await observe(scene)
    const facts = { ...context.facts, ...seen?.facts }
    const [accept] = failoverRevisions(facts)
    expect(accept).toMatchObject({ kind: 'accept', subject: 'r2', again: ['approve', 'fail-over'] })
    const accepted = { ...context, facts: { ...facts, ...accept?.facts } } as typeof context
    expect(accepted.facts).toMatchObject({ target: { id: 'r2', host: 'r2' }, acceptedInstead: 'r1', targetBeat: null })
    expect(failOverCall(accepted, worldOf(scene).environment)).toBeNull()
    expect(await failOver.observe?.(worldOf(scene), accepted)).toMatchObject({ state: 'done' })
    // The yes to r1 was no yes to r2: it is asked anew, also where RDS needs no leave.
    const gate = primaryFailover.steps(worldOf(scene).environment).find((step) => step.asks)
    expect(await gate?.observe?.(worldOf(scene), accepted)).toMatchObject({ state: 'not-started' })
    const asked = await primaryFailover.ask(worldOf(scene), accepted)
    expect(asked.title).toBe('Go on with r2, which RDS promoted, loss not known')
    expect(asked.facts).toContainEqual({ label: 'In place of', value: 'r1' })
    // Should RDS go back to the old writer, nothing is sent either: people are asked.
    expect(await failOver.observe?.(worldOf({ named: 'w', writes: ['w'] }), accepted)).toMatchObject({
      state: 'conflict',
    })
  })

  test('that died before the call is not failed over to: another one takes a new run and a new yes', async () => {
    expect(await failOver.guard?.(worldOf({ named: 'w', writes: [], dead: ['w', 'r1'] }), context)).toBe(
      'r1 does not answer: r1 refused the connection. Choose another target in a new run.',
    )
  })

  test('that dies during the failover leaves it unproved until RDS says that it failed', async () => {
    const dying = { named: 'w', status: 'failing-over', events: [begun], writes: [], dead: ['w', 'r1'] }
    expect(await look(dying)).toMatchObject({ state: 'not-yet' })
    expect(await look({ ...dying, events: [begun, 'Cluster failover failed'] })).toMatchObject({
      state: 'failed',
      says: 'RDS says: Cluster failover failed.',
    })
  })
})
