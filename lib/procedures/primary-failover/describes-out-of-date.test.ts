// Scenarios 6 and 15. What RDS describes is old for a while, or it promotes another reader than the one that was chosen, or the
// chosen one dies. A failover is proved only when the API and the server itself agree, and failed only when it cannot
// become true any more.
import { describe, expect, test } from 'vitest'
import { PortError } from '../../ports/port-error'
import type { StepContext, World } from '../contract'
import { primaryFailover } from '.'
import type { FailoverFacts } from './facts'
import { failOver, failOverCall } from './fail-over'
import type { FailoverInputs } from './inputs'
import { confirmationNow, confirmationOwed } from './rds-confirmation'
import { failoverRevisions } from './revisions'

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
  /** What RDS does not answer: it is throttled. */
  throttled?: ('events' | 'describes')[]
  /** On which timeline a node is; a standby on the first, a writer on the second where nothing is said. */
  timelines?: Record<string, number>
  /** A lone writer with a Multi-AZ standby and a replica, and how RDS describes those two. */
  lone?: Record<'w' | 'r1', { status: string; zone?: string; replicaSourceId?: string | null }>
}

const throttled = () =>
  Promise.reject(new PortError('transient', 'RDS is throttling our requests.', { outcome: 'rejected', probe: 'api' }))

function worldOf(scene: Scene): World {
  const members = ['w', 'r1', 'r2'].map((id) => ({ id, isWriter: id === scene.named, promotionTier: 1 }))
  const ask = async (at: { host: string }, question: (probe: unknown) => Promise<unknown>) => {
    const id = at.host === 'endpoint' ? (scene.endpoint ?? scene.named) : at.host
    if (scene.dead?.includes(id))
      throw new PortError('unreachable', `${id} refused the connection.`, { outcome: 'rejected', probe: 'refused' })
    const standby = !scene.writes.includes(id)
    return await question({
      position: async () => ({
        standby,
        timeline: scene.timelines?.[id] ?? (standby ? 1 : 2),
        replayPaused: false,
        flushLsn: 1n,
        haveLsn: 1n,
      }),
      heartbeat: async () => {
        if (standby) throw new PortError('state', 'It is read only.', { outcome: 'rejected', probe: 'read-only' })
        return { at: now, seq: 1, lsn: 1n }
      },
    })
  }
  return {
    environment: { name: 'prod', aws: { clusterId: 'c', region: 'us-west-2' }, database: {}, poolers: [] },
    pace: 1,
    now: () => now,
    snapshot: () => null,
    ask,
    fleet: {
      guarded: async () => {
        if (scene.throttled?.includes('describes')) return await throttled()
        if (scene.lone)
          return {
            cluster: null,
            instances: Object.entries(scene.lone).map(([id, described]) => ({
              ...{ id, region: 'us-west-2', address: address(id), engine: 'postgres', multiAz: true, zone: 'a' },
              ...{ replicaSourceId: null, securityGroupIds: [], ...described },
            })),
          }
        return {
          cluster: { status: scene.status ?? 'available', members, writerEndpoint: address('endpoint'), tags: {} },
          instances: members.map(({ id }) => ({ id, region: 'us-west-2', address: address(id) })),
        }
      },
      events: async () =>
        scene.throttled?.includes('events')
          ? await throttled()
          : (scene.events ?? []).map((message, i) => ({ at: now + i, source: 'c', message })),
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
} as unknown as StepContext<FailoverInputs, FailoverFacts>
const begun = 'Started cross AZ failover to DB instance: r1'
const over = 'Completed customer initiated failover to DB instance: r1'
/** One look for the proof, after a time in the verification and with what earlier looks have learnt. */
const look = (scene: Scene, elapsedMs = 0, facts: FailoverFacts = {}) =>
  failOver.verify(worldOf(scene), { ...context, facts: { ...context.facts, ...facts } }, elapsedMs)
const second = 1000
const observe = (scene: Scene) => failOver.observe?.(worldOf(scene), context)

describe('a failover is not proved', () => {
  test('while RDS still describes the old writer, though the target takes writes', async () => {
    expect(await look({ named: 'w', events: [begun, over], writes: ['r1'] })).toMatchObject({ state: 'not-yet' })
    expect(await observe({ named: 'w', events: [], writes: ['r1'] })).toMatchObject({ state: 'in-flight' })
  })

  test('while the target itself says that it is a standby, though RDS reports that it is done', async () => {
    expect(await look({ named: 'r1', events: [begun, over], writes: [] })).toMatchObject({
      state: 'not-yet',
      says: expect.stringContaining('it still says that it is a standby'),
    })
  })

  test('while the cluster endpoint still leads to the old node', async () => {
    const scene = { named: 'r1', events: [begun, over], writes: ['r1'], endpoint: 'r2' }
    expect(await look(scene)).toMatchObject({ state: 'not-yet' })
  })

  test('while the cluster endpoint still leads to the former writer, which takes writes too', async () => {
    const scene = { named: 'r1', events: [begun, over], writes: ['w', 'r1'], endpoint: 'w', timelines: { w: 1 } }
    expect(await look(scene)).toMatchObject({
      state: 'not-yet',
      says: expect.stringContaining('The cluster endpoint resolves to timeline 1, not 2'),
    })
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
    const asked = await primaryFailover.ask(worldOf(scene), accepted, 'approve')
    expect(asked.title).toBe('Continue with r2, which RDS promoted, loss unknown')
    expect(asked.facts).toContainEqual({ label: 'In place of', value: 'r1' })
    // Should RDS go back to the old writer, nothing is sent either: people are asked.
    expect(await failOver.observe?.(worldOf({ named: 'w', writes: ['w'] }), accepted)).toMatchObject({
      state: 'conflict',
    })
  })

  test('that died before the call is not failed over to: another one takes a new run and a new yes', async () => {
    expect(await failOver.guard?.(worldOf({ named: 'w', writes: [], dead: ['w', 'r1'] }), context)).toBe(
      'r1 does not respond: r1 refused the connection. Choose another target in a new run.',
    )
  })

  test('that dies during the failover leaves it unproved until RDS reports that it failed', async () => {
    const dying = { named: 'w', status: 'failing-over', events: [begun], writes: [], dead: ['w', 'r1'] }
    expect(await look(dying)).toMatchObject({ state: 'not-yet' })
    expect(await look({ ...dying, events: [begun, 'Cluster failover failed'] })).toMatchObject({
      state: 'failed',
      says: 'RDS reports: Cluster failover failed.',
    })
  })
})

describe('what RDS does not say', () => {
  const done: Scene = { named: 'r1', events: [begun, over], writes: ['r1'], endpoint: 'r1' }
  const owed = (facts: unknown) => (facts as FailoverFacts | undefined)?.obligations?.map((o) => `${o.id} ${o.state}`)

  test.each<[string, Partial<Scene>, string]>([
    ['events are throttled', { throttled: ['events'] }, 'RDS is throttling our requests.'],
    ['events are late', { events: [begun] }, 'do not say yet'],
    ['no event came at all', { events: [] }, 'do not say yet'],
  ])('does not hold clients once RDS describes the failover as done: %s', async (_, lack, why) => {
    const seen = await look({ ...done, ...lack })
    expect(seen).toMatchObject({ state: 'proved', says: expect.stringContaining(why) })
    expect(owed(seen.facts)).toEqual(['rds-confirmation open'])
    expect((await look(done)).facts).not.toHaveProperty('obligations')
  })

  test.each<[string, Partial<Scene>]>([
    ['who still says that it is a standby', { writes: [] }],
    ['who does not respond', { dead: ['r1'] }],
    ['who is on the former timeline', { timelines: { r1: 1 } }],
    ['to whom the endpoint does not lead', { endpoint: 'r2' }],
  ])('cancels no other check: a target %s is not proved', async (_, wrong) => {
    expect(await look({ ...done, throttled: ['events'], ...wrong })).toMatchObject({ state: 'not-yet' })
    const late = { writesBeforeRdsMs: 0 }
    expect(await look({ ...done, throttled: ['events', 'describes'], ...wrong }, 300 * second, late)).toEqual({
      state: 'not-yet',
      says: expect.any(String),
      facts: { writesBeforeRdsMs: null },
    })
  })

  const lagging: [string, Partial<Scene>][] = [
    ['it is still failing over', { status: 'failing-over', events: [begun] }],
    ['it still names the former writer', { named: 'w', events: [begun] }],
    ['it names nobody', { named: 'nobody', events: [begun] }],
    ['it answers nothing', { throttled: ['events', 'describes'] }],
  ]

  test.each(lagging)('is waited for from the first proof of the database on, and no longer: %s', async (_, lag) => {
    const first = await look({ ...done, ...lag }, 100 * second)
    expect(first).toMatchObject({ state: 'not-yet', waitsMs: 160 * second, facts: { writesBeforeRdsMs: 100 * second } })
    const since = first.facts as FailoverFacts
    expect(await look({ ...done, ...lag }, 160 * second - 1, since)).toMatchObject({ state: 'not-yet' })
    const last = await look({ ...done, ...lag }, 160 * second, since)
    expect(last).toMatchObject({ state: 'proved', facts: { promotedAt: now } })
    expect(owed(last.facts)).toEqual(['rds-confirmation open'])
  })

  test('is waited for anew when people give it more time, and when the verification begins anew', async () => {
    const more = await look({ ...done, status: 'failing-over' }, 20 * second, { writesBeforeRdsMs: 40 * second })
    expect(more).toMatchObject({ state: 'not-yet', facts: { writesBeforeRdsMs: 20 * second } })
  })

  test('is not outwaited by a failure that RDS tells, nor by another node that it names', async () => {
    const late = { writesBeforeRdsMs: 0 }
    const failed = { ...done, named: 'w', events: [begun, 'Promoting previous primary again'] }
    expect(await look(failed, 300 * second, late)).toMatchObject({ state: 'failed' })
    const other = { ...done, named: 'r2', events: [begun] }
    expect(await look(other, 300 * second, late)).toMatchObject({ state: 'not-yet' })
  })

  test('does not hide another reader that was promoted: its own word tells that', async () => {
    const other: Scene = { named: 'r2', writes: ['r2'], throttled: ['events'] }
    const seen = { state: 'failed', says: 'RDS promoted r2, not r1.', facts: { otherWriter: { id: 'r2' } } }
    expect(await look(other)).toMatchObject(seen)
    expect(await look({ ...other, status: 'failing-over' })).toMatchObject({ state: 'not-yet' })
    expect(await look({ ...other, writes: [] })).toMatchObject({ state: 'not-yet' })
  })

  test('stays an obligation until RDS reports it, or a person settles it', async () => {
    const owing = (state: 'open' | 'accepted') => ({
      ...context,
      facts: {
        ...context.facts,
        obligations: [{ ...confirmationOwed('r1', 'The events are late.'), state }],
      },
    })
    for (const [, lag] of lagging)
      expect(await confirmationNow(worldOf({ ...done, ...lag }), owing('open'))).toMatchObject({ state: 'open' })
    expect(await confirmationNow(worldOf(done), owing('open'))).toMatchObject({ state: 'met' })
    expect(await confirmationNow(worldOf(done), owing('accepted'))).toBeNull()
    expect(await confirmationNow(worldOf(done), context)).toBeNull()
  })

  test('does not keep the run from looking before it acts', async () => {
    const scene: Scene = { named: 'w', writes: ['w'], throttled: ['events'] }
    expect(await observe(scene)).toMatchObject({
      state: 'not-started',
      says: expect.stringContaining('The events of RDS could not be read'),
    })
    expect(await observe({ ...scene, status: 'failing-over' })).toMatchObject({ state: 'in-flight' })
    expect(await observe({ ...scene, named: 'r2' })).toMatchObject({ state: 'conflict' })
    expect(await observe({ ...scene, named: 'r1', writes: ['r1'] })).toMatchObject({ state: 'done' })
  })
})

describe('without a cluster', () => {
  const factsOfLone = (target: 'w' | 'r1') => ({
    ...{ topology: 'instance', clusterId: 'w', endpoint: address(target), target: { id: target, ...address(target) } },
    writerBefore: { id: 'w', ...address('w'), timeline: 1, zone: 'a', multiAz: true },
  })
  const of = (target: 'w' | 'r1', more: FailoverFacts = {}) =>
    ({ ...context, facts: { ...factsOfLone(target), ...more } }) as unknown as typeof context

  test.each([
    ['storage-full', 'not-started'],
    ['failed', 'not-started'],
    ['unheard-of', 'not-started'],
    ['rebooting', 'in-flight'],
  ])('a writer that RDS calls %s is %s on its way to the standby', async (status, state) => {
    const scene: Scene = { named: 'w', writes: [], lone: { w: { status }, r1: { status: 'available' } } }
    expect(await failOver.observe?.(worldOf(scene), of('w'))).toMatchObject({ state })
  })

  test('a standby that took over commits: RDS’s status is waited for, and then owed', async () => {
    const lone = { w: { status: 'rebooting', zone: 'b' }, r1: { status: 'available' } }
    const scene: Scene = { named: 'w', writes: ['w'], throttled: ['events'], lone }
    expect(await failOver.verify(worldOf(scene), of('w'), 0)).toMatchObject({ state: 'not-yet', waitsMs: 60 * second })
    expect(await failOver.verify(worldOf(scene), of('w', { writesBeforeRdsMs: 0 }), 60 * second)).toMatchObject({
      state: 'proved',
      facts: { obligations: [{ id: 'rds-confirmation' }] },
    })
    // Nobody but RDS can tell that it moved.
    const still = { ...scene, lone: { ...lone, w: { status: 'available', zone: 'a' } } }
    expect(await failOver.verify(worldOf(still), of('w', { writesBeforeRdsMs: 0 }), 300 * second)).toMatchObject({
      state: 'not-yet',
      says: expect.stringContaining('throttling'),
    })
  })

  test.each([
    ['is still modified', { status: 'modifying', replicaSourceId: null }],
    ['is still named a replica', { status: 'available', replicaSourceId: 'w' }],
  ])('a promoted replica commits and %s: RDS is waited for, and then its word is owed', async (_, r1) => {
    const scene: Scene = { named: 'w', writes: ['r1'], lone: { w: { status: 'available' }, r1 } }
    expect(await failOver.verify(worldOf(scene), of('r1'), 0)).toMatchObject({ state: 'not-yet' })
    const last = await failOver.verify(worldOf(scene), of('r1', { writesBeforeRdsMs: 0 }), 60 * second)
    expect(last).toMatchObject({
      state: 'proved',
      facts: { obligations: [{ id: 'configuration' }, { id: 'rds-confirmation' }] },
    })
  })
})
