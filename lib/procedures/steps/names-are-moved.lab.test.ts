/**
 * The steps that move names, against the lab's Route 53, S3 and DNS servers: each way, each refusal, an answer that is lost, a control
 * plane that is away, a resolver with an old answer. `dig` is the witness.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { privateZone, publicZone, switchObject } from '../../../lab/names/seed'
import { dug, eventually, type NamesTestRoom, startNamesRoom } from '../../../lab/names/testing'
import { createResolvers } from '../../adapters/dns/index'
import { createRoute53 } from '../../adapters/route53/index'
import type { Call } from '../../domain/procedure/call'
import { digestOf } from '../../domain/procedure/canonical'
import type { SentCall } from '../../domain/run/run'
import { PortError } from '../../ports/port-error'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import type { FenceFacts, ObligationFacts, WriterFacts } from '../facts'
import { type MoveInputs, moveNames, namesOwed } from './move-names'
import type { NamesFacts } from './names-facts'
import { nameChecks } from './names-preflight'
import { returnNames } from './return-names'
import { watchNames } from './watch-names'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

type Moved = WriterFacts & FenceFacts & ObligationFacts & NamesFacts
type NameStep = Step<MoveInputs, Moved>
const [database, api] = ['db.castmatch.internal', 'api.castmatch.test']
const [west, east] = ['writer.us-west-2.castmatch.internal', 'replica.us-east-1.castmatch.internal']
/** The lab's replica. */
const replica = { host: '127.0.10.4', port: 5432 }
const node = (id: string, host: string) => ({
  id,
  host,
  port: 5432,
  zone: 'z',
  instanceClass: 'c',
  timeline: 1,
  lsn: null,
  multiAz: false,
  securityGroupIds: [],
})

let room: NamesTestRoom
let route53: ReturnType<typeof createRoute53>
let ways: { world: World; environment: Surroundings }
/** How the old writer answers the runner. */
let oldWriter: 'nobody' | 'reader'
/** Does the promoted database accept the application? */
let promoted: 'open' | 'closed'

beforeEach(async () => {
  oldWriter = 'nobody'
  promoted = 'open'
  room = await startNamesRoom({ basePort: 31_400 })
  route53 = createRoute53({
    endpointUrl: room.url,
    credentials: { accessKeyId: room.secrets.awsAccessKeyId, secretAccessKey: room.secrets.awsSecretAccessKey },
  })
  const at = (host: string) => `${host}:${room.port}`
  const resolvers = createResolvers([
    { kind: 'authoritative', address: at(room.resolvers.authoritative) },
    { kind: 'cluster', address: at(room.resolvers.cluster) },
    ...room.resolvers.public.map((host) => ({ kind: 'public' as const, address: at(host) })),
  ])
  const environment = {
    name: 'lab',
    aws: { region: 'us-west-2', drRegion: 'us-east-1', clusterId: 'c', quarantineSecurityGroupId: null },
    database: { applicationRoles: ['app'], recovery: null },
    names: {
      records: [
        { use: 'database', name: database, zoneId: privateZone.id, zone: 'private' },
        { use: 'api', name: api, zoneId: publicZone.id, zone: 'public' },
      ],
      switchObject,
    },
  } as unknown as Surroundings
  const away = () =>
    Promise.reject(new PortError('unreachable', 'It is away.', { outcome: 'rejected', probe: 'refused' }))
  const { control: _control, ...look } = route53
  const world = {
    environment,
    pace: 1 / 30,
    now: Date.now,
    names: { ...look, resolvers },
    snapshot: () => null,
    resolve: away,
    fleet: { guarded: away },
    ask: async () => (oldWriter === 'reader' ? { standby: true, timeline: 2 } : await away()),
    applicationSessions: away,
    lookAtFence: async () => ({ canLogin: promoted === 'open' ? ['app'] : [] }),
  } as unknown as World
  ways = { world, environment }
})
afterEach(async () => {
  route53?.close()
  await room?.end()
})

type Act = 'move' | 'point'
/** A run of these steps: what it knows, and what it has sent. */
function run(dnsMode: MoveInputs['dnsMode'] = 'auto', stepsOf: (environment: Surroundings) => NameStep[] = moveNames) {
  const sent: Record<string, SentCall> = {}
  const ctx: StepContext<MoveInputs, Moved> = {
    runId: 'run-1',
    mode: 'real',
    inputs: { dnsMode },
    facts: {
      endpoint: replica,
      promotedAt: 1,
      writerBefore: node('old', '127.0.11.1'),
      target: node('us-east-1/new', replica.host),
      topology: 'hybrid',
    },
    startedAt: 0,
    sent,
  }
  const { world, environment } = ways
  const step = (id: string) => {
    const found = stepsOf(environment).find((one) => one.id === id)
    if (!found) throw new Error(`no step ${id}`)
    return found
  }
  const learn = (facts: Moved | undefined) => {
    ctx.facts = { ...ctx.facts, ...facts }
  }
  const flow = {
    ctx,
    move: (name: string) => ctx.facts.moves?.[name],
    callOf: (name: string, act: Act = 'move') => step(`${act}-${name}`).call?.(ctx, environment) ?? null,
    async look() {
      const { says, facts } = await step('look-at-names').verify(world, ctx, 0)
      learn(facts)
      return says
    },
    async observe(name: string, act: Act = 'move'): Promise<Observation<Moved>> {
      const found = await step(`${act}-${name}`).observe?.(world, ctx)
      if (!found) throw new Error('nothing is observed')
      learn(found.facts)
      return found
    },
    /** Sends once, and keeps what came of it as the journal does. */
    async send(name: string, call: Call | null = flow.callOf(name), act: Act = 'move') {
      if (call?.kind !== 'names') throw new Error('there is nothing to send')
      try {
        sent[`${act}-${name}`] = { outcome: 'accepted', reply: { ...(await route53.control.execute(call)) } }
      } catch (error) {
        if (!(error instanceof PortError)) throw error
        sent[`${act}-${name}`] = { outcome: error.detail.outcome, reply: null }
        return error.detail.code
      }
    },
    async verify(name: string, act: Act = 'move') {
      const verdict = await step(`${act}-${name}`).verify(world, ctx, 0)
      learn(verdict.facts)
      return verdict
    },
    /** Its step is proved, and what is seen of all names after the last of them. */
    async proved(name: string, act: Act = 'move'): Promise<string> {
      let says = ''
      const until = (look: () => Promise<Verdict<Moved>>) =>
        eventually(async () => {
          const verdict = await look()
          expect([verdict.state, verdict.says]).toEqual(['proved', expect.any(String)])
          says = verdict.says
        }, 40_000)
      await until(() => flow.verify(name, act))
      if (act === 'move') await until(flow.see)
      return says
    },
    async see() {
      const verdict = await step('see-names').verify(world, ctx, 0)
      learn(verdict.facts)
      return verdict
    },
    async moves(name: string) {
      expect((await flow.observe(name)).state).toBe('not-started')
      expect(await step(`move-${name}`).guard?.(world, ctx)).toBeNull()
      expect(await flow.send(name)).toBeUndefined()
      return await flow.proved(name)
    },
    guard: (name: string) => step(`move-${name}`).guard?.(world, ctx),
    undo: (name: string) => {
      const { undo } = step(`move-${name}`)
      if (!undo) throw new Error('it has no way back')
      return {
        refusal: () => undo.guard?.(world, ctx),
        send: () => flow.send(name, undo.call(ctx, environment)),
        verify: () => undo.verify(world, ctx),
      }
    },
    ask: () => step(`move-${database}`).ask?.(ctx, environment),
    open: () => (ctx.facts.obligations ?? []).flatMap(({ id, state }) => (state === 'open' ? [id] : [])),
  }
  return flow
}
const served = (name: string) => dug(room.resolvers.authoritative, room.port, name, 'CNAME')
const sentToLab = (operation: string) => room.log.list().filter((one) => one.operation === operation)

describe('the switch object', () => {
  test('moves the database, is asked for with all names, and is taken back once the old writer cannot write', async () => {
    const flow = run()
    expect(await flow.look()).toContain(`${database}: by the switch object.`)
    expect(flow.ask()).toMatchObject({
      title: 'Move 2 names from us-west-2 to us-east-1',
      covers: [`move-${database}`, `move-${api}`],
      bound: { target: 'us-east-1/new', endpoint: '127.0.10.4:5432' },
    })
    const says = await flow.moves(database)
    expect(await served(database)).toEqual([east])
    expect(says).toContain('1 of 1 independent resolver agrees.')
    expect(says).toContain('is unknown: It is away.')
    expect(flow.open()).toEqual([])
    const undo = flow.undo(database)
    expect(await undo.refusal()).toContain('the fence of the old writer is pending.')
    oldWriter = 'reader'
    expect(await undo.refusal()).toBeNull()
    await undo.send()
    expect(await undo.verify()).toMatchObject({ state: 'proved' })
    await eventually(async () => expect(await served(database)).toEqual([west]))
  })

  test('moves it while the control plane of Route 53 is away, and the API then waits for a person', async () => {
    const flow = run()
    await room.startFault('names-api-down')
    expect(await flow.look()).toContain(`${api} cannot be moved by this run. No switch object is configured`)
    await flow.moves(database)
    expect(await served(database)).toEqual([east])
    expect(await flow.observe(api)).toMatchObject({
      state: 'conflict',
      says: expect.stringContaining('ServiceUnavailable'),
    })
    expect(flow.callOf(api)).toBeNull()
    expect(namesOwed(ways.environment, flow.ctx.facts)).toMatchObject([
      { id: 'names', title: `Point ${api} to us-east-1` },
    ])
    // It is reachable again: the retry finds the next way, and asks for that.
    await room.heal('names-api-down')
    expect((await flow.observe(api)).state).toBe('not-started')
    expect(flow.callOf(api)).toMatchObject({ operation: 'UpdateHealthCheck' })
  })

  test('is found when the answer to it was lost, and is not put again', async () => {
    const flow = run()
    await flow.look()
    await flow.observe(database)
    room.apiFaults.arm('api-reply-lost', ['s3'], { kind: 'reset', when: 'after', calls: 1, operation: 'PutObject' })
    await flow.send(database)
    expect(flow.ctx.sent?.[`move-${database}`]?.outcome).toBe('unknown')
    expect((await flow.observe(database)).state).toBe('done')
    await flow.proved(database)
    expect(sentToLab('PutObject')).toHaveLength(1)
  })
})

describe('the health check', () => {
  test('is forced by the version that was read, and one that was changed meanwhile is read and asked for again', async () => {
    const flow = run('forced')
    await flow.look()
    const before = await route53.healthCheck(flow.move(api)?.check?.id ?? '')
    expect((await flow.observe(api)).state).toBe('not-started')
    const approved = flow.callOf(api)
    await room.startFault('names-check-contested', before.id)
    expect(await flow.send(api)).toBe('HealthCheckVersionMismatch')
    expect(await route53.healthCheck(before.id)).toMatchObject({ disabled: false, inverted: false })
    expect((await flow.observe(api)).state).toBe('not-started')
    const again = flow.callOf(api)
    expect(digestOf(again)).not.toBe(digestOf(approved))
    expect(await flow.send(api)).toBeUndefined()
    await flow.proved(api)
    expect(await served(api)).toEqual(['api.us-east-1.castmatch.test'])
    expect(await route53.healthCheck(before.id)).toMatchObject({ disabled: true, inverted: true })
    oldWriter = 'reader'
    const undo = flow.undo(api)
    expect(await undo.refusal()).toBeNull()
    await undo.send()
    expect(await undo.verify()).toMatchObject({ state: 'proved' })
    expect(await route53.healthCheck(before.id)).toMatchObject({ disabled: false, inverted: false })
  })

  test('that someone else has changed since is not put back', async () => {
    const flow = run('forced')
    await flow.look()
    await flow.moves(api)
    const { id, version } = await route53.healthCheck(flow.move(api)?.check?.id ?? '')
    await route53.control.execute({
      kind: 'names',
      service: 'route53',
      region: 'us-east-1',
      operation: 'UpdateHealthCheck',
      input: { HealthCheckId: id, HealthCheckVersion: version, Disabled: true, Inverted: false },
    })
    oldWriter = 'reader'
    expect(await flow.undo(api).refusal()).toContain('someone else changed it')
  })

  test('that does not exist, or a Route 53 that is throttled, changes nothing', async () => {
    const flow = run('forced')
    await flow.look()
    await flow.observe(api)
    const call = flow.callOf(api)
    if (call?.kind !== 'names' || call.operation !== 'UpdateHealthCheck') throw new Error('it is forced')
    expect(await flow.send(api, { ...call, input: { ...call.input, HealthCheckId: 'missing' } })).toBe(
      'NoSuchHealthCheck',
    )
    room.apiFaults.arm('api-throttle', ['route53'], { kind: 'throttle', calls: 1, operation: 'UpdateHealthCheck' })
    expect(await flow.send(api)).toBe('Throttling')
    expect(flow.ctx.sent?.[`move-${api}`]?.outcome).toBe('rejected')
    expect((await flow.observe(api)).state).toBe('not-started')
    expect(digestOf(flow.callOf(api))).toBe(digestOf(call))
  })

  test('that has moved the name by itself is left alone, and that it may lead back stays open', async () => {
    room.ready.set('us-west-2', 0)
    await eventually(async () => expect(await served(api)).toEqual(['api.us-east-1.castmatch.test']))
    const flow = run()
    await flow.look()
    expect(flow.move(api)?.way).toBe('observed')
    expect((await flow.observe(api)).state).toBe('done')
    expect(flow.callOf(api)).toBeNull()
    await flow.proved(api)
    expect(flow.open()).toEqual([`name-${api}:return`])
    // The home region is healthy again: people are alarmed.
    room.ready.set('us-west-2', 6)
    await eventually(async () => expect(await served(api)).toEqual(['api.us-west-2.castmatch.test']))
    const sight = await watchNames.look(ways.world, { ...flow.ctx, refused: null })
    expect(sight.news(flow.ctx.facts)).toMatchObject({ alarm: true })
    // A later run has left the promoted database, and led the name home on purpose: nothing is owed any more.
    promoted = 'closed'
    const news = (await watchNames.look(ways.world, { ...flow.ctx, refused: null })).news(flow.ctx.facts)
    expect(news?.alarm).toBeUndefined()
    expect(news?.facts.obligations?.map(({ state }) => state)).toEqual(['met'])
  })
})

describe('the record set', () => {
  test('is written again whole, seen in sync, and put back from what was stored', async () => {
    const flow = run('rrset')
    await flow.look()
    const before = flow.move(api)?.records ?? []
    const says = await flow.moves(api)
    expect(says).toContain('Route 53 reports the change as INSYNC.')
    expect(await served(api)).toEqual(['api.us-east-1.castmatch.test'])
    const now = (await route53.records(publicZone.id, api)).map(({ set }) => set)
    const wanted = before.map((set) => ({ ...set, ResourceRecords: [{ Value: 'api.us-east-1.castmatch.test.' }] }))
    expect(now).toEqual(wanted)
    oldWriter = 'reader'
    const undo = flow.undo(api)
    expect(await undo.refusal()).toBeNull()
    await undo.send()
    expect(await undo.verify()).toMatchObject({ state: 'proved' })
    expect((await route53.records(publicZone.id, api)).map(({ set }) => set)).toEqual(before)
  })

  test('is written once when the answer was lost, and whether it is in sync then stays open', async () => {
    const flow = run('rrset')
    await flow.look()
    await flow.observe(api)
    const fault = { kind: 'reset', when: 'after', calls: 1, operation: 'ChangeResourceRecordSets' } as const
    room.apiFaults.arm('api-reply-lost', ['route53'], fault)
    await flow.send(api)
    expect((await flow.observe(api)).state).toBe('done')
    await flow.proved(api)
    expect(sentToLab('ChangeResourceRecordSets')).toHaveLength(1)
    expect(flow.open()).toEqual([`name-${api}:sync`])
    expect(
      flow
        .move(api)
        ?.records.map(({ Failover }) => Failover)
        .sort(),
    ).toEqual(['PRIMARY', 'SECONDARY'])
  })

  test('is never chosen anew while it is unknown whether it was written', async () => {
    const flow = run('rrset')
    await flow.look()
    await flow.observe(database)
    const fault = { kind: 'reset', when: 'after', calls: 1, operation: 'ChangeResourceRecordSets' } as const
    room.apiFaults.arm('api-reply-lost', ['route53'], fault)
    await flow.send(database)
    await room.startFault('names-api-down')
    await expect(flow.observe(database)).rejects.toThrow('is unknown')
    expect(flow.callOf(database)).toMatchObject({ operation: 'ChangeResourceRecordSets' })
  })

  test.each([
    ['names-change-refused', 'PriorRequestNotComplete'],
    ['names-api-down', 'ServiceUnavailable'],
  ])('is not written under %s, and the same call may be sent again', async (fault, code) => {
    const flow = run('rrset')
    await flow.look()
    await flow.observe(api)
    const call = flow.callOf(api)
    await room.startFault(fault, null, { calls: 1 })
    expect(await flow.send(api)).toBe(code)
    await room.heal(fault)
    expect((await flow.observe(api)).state).toBe('not-started')
    expect(digestOf(flow.callOf(api))).toBe(digestOf(call))
  })

  test('that Route 53 does not take is refused as a whole', async () => {
    const flow = run('rrset')
    await flow.look()
    await flow.observe(api)
    const call = flow.callOf(api)
    if (call?.kind !== 'names' || call.operation !== 'ChangeResourceRecordSets') throw new Error('it is written')
    const [change] = call.input.ChangeBatch.Changes
    if (!change) throw new Error('there is a change')
    const wrong = {
      ...change,
      ResourceRecordSet: { ...change.ResourceRecordSet, ResourceRecords: [{ Value: 'a..b' }] },
    }
    const input = { ...call.input, ChangeBatch: { ...call.input.ChangeBatch, Changes: [wrong] } }
    expect(await flow.send(api, { ...call, input })).toBe('InvalidChangeBatch')
    expect((await flow.observe(api)).state).toBe('not-started')
  })

  test('that never comes into sync holds nothing up when the name servers answer with it', async () => {
    const flow = run('rrset')
    await flow.look()
    await room.startFault('names-change-pending', null, { answers: 'changed' })
    const says = await flow.moves(api)
    expect(says).toContain('Route 53 reports the change as PENDING.')
    expect(flow.open()).toEqual([`name-${api}:sync`])
    await room.heal('names-change-pending')
    const sight = await watchNames.look(ways.world, { ...flow.ctx, refused: null })
    const news = sight.news(flow.ctx.facts)
    expect(news?.facts.obligations).toMatchObject([{ id: `name-${api}:sync`, state: 'met' }])
    expect(news?.alarm).toBeUndefined()
  })

  test('that never comes into sync and is not answered is not moved', async () => {
    const flow = run('rrset')
    await flow.look()
    await room.startFault('names-change-pending')
    await flow.observe(api)
    await flow.send(api)
    expect(await flow.verify(api)).toMatchObject({ state: 'not-yet', says: expect.stringContaining('PENDING') })
    expect(namesOwed(ways.environment, flow.ctx.facts)).toHaveLength(1)
  })
})

test('a resolver that keeps its old answer is named, stays open after the TTL, and is met when it follows', async () => {
  const flow = run()
  await flow.look()
  const cluster = `${room.resolvers.cluster}:${room.port}`
  // It has the former answer before the change.
  expect(await dug(room.resolvers.cluster, room.port, database, 'CNAME')).toEqual([west])
  await dug(room.resolvers.cluster, room.port, database, 'A')
  await room.startFault('names-resolver-stale', 'cluster')
  await flow.observe(database)
  await flow.send(database)
  const heard = new Set<string>()
  // The move itself is proved by the name servers: the next name does not wait for this resolver.
  await eventually(async () => expect((await flow.verify(database)).state).toBe('proved'))
  await eventually(async () => {
    const { says, state } = await flow.see()
    heard.add(says)
    expect(state).toBe('proved')
  }, 40_000)
  expect([...heard].some((says) => /still answers .* more at most/.test(says))).toBe(true)
  expect(flow.open()).toEqual([`name-${database}:resolver:${cluster}`])
  await room.heal('names-resolver-stale')
  await eventually(async () => {
    const sight = await watchNames.look(ways.world, { ...flow.ctx, refused: null })
    expect(sight.news(flow.ctx.facts)?.facts.obligations).toMatchObject([{ state: 'met' }])
  })
})

test('the name of the database is not led to a record that is not the promoted database', async () => {
  const flow = run()
  flow.ctx.facts.endpoint = { host: '127.0.10.99', port: 5432 }
  await flow.look()
  await flow.observe(database)
  expect(await flow.guard(database)).toContain(`points to ${east}`)
})

test('the prerequisites name the way of each name, and why not a better one', async () => {
  const checks = () => nameChecks(ways.world, { dnsMode: 'auto' }, async () => replica)
  expect(await checks()).toMatchObject([
    { id: `DNS ${database}`, result: 'pass', message: expect.stringContaining('It is moved by the switch object.') },
    { id: `DNS ${api}`, result: 'pass', message: expect.stringContaining('No switch object is configured') },
  ])
  await room.startFault('names-api-down')
  expect(await checks()).toMatchObject([
    { result: 'warn', message: expect.stringContaining('ServiceUnavailable') },
    { result: 'warn', message: expect.stringContaining('It cannot be moved by a run.') },
  ])
})

describe('a name comes home', () => {
  const homeward = (environment: Surroundings): NameStep[] => {
    const { look, move, see } = returnNames(environment)
    return [...look, ...move, ...see]
  }
  /** A run that has moved both names away, and one that leads them home to a database of another address. */
  async function away(home = '127.0.10.20') {
    const there = run('auto')
    await there.look()
    await there.moves(database)
    await there.observe(api)
    await there.moves(api)
    const back = run('auto', homeward)
    back.ctx.facts.endpoint = { host: home, port: 5432 }
    return back
  }

  test('to the database at home and never to the old writer: its record is written first', async () => {
    const back = await away()
    expect(await back.look()).toContain(
      `${database}: A ${west} 127.0.10.20 is written, and the switch object is deleted.`,
    )
    expect(back.callOf(database)).toMatchObject({ operation: 'DeleteObject' })
    expect((await back.observe(database)).state).toBe('not-started')
    expect(await back.guard(database)).toMatchObject({ stepId: `point-${database}` })
    expect((await back.observe(database, 'point')).state).toBe('not-started')
    await back.send(database, back.callOf(database, 'point'), 'point')
    await back.proved(database, 'point')
    // Pointed, it has not moved; an answer that is lost is seen, and nothing is sent twice.
    expect(await served(database)).toEqual([east])
    expect((await back.observe(database, 'point')).state).toBe('done')
    expect(await back.guard(database)).toBeNull()
    room.apiFaults.arm('api-reply-lost', ['s3'], { kind: 'reset', when: 'after', calls: 1, operation: 'DeleteObject' })
    await back.send(database)
    expect((await back.observe(database)).state).toBe('done')
    expect(await back.proved(database)).toContain('to us-west-2')
    expect(await dug(room.resolvers.authoritative, room.port, database, 'A')).toContain('127.0.10.20')
    expect(sentToLab('DeleteObject')).toHaveLength(1)
    expect(back.open()).toEqual([])
  })

  test('by its health check, released as it was before somebody forced it', async () => {
    const back = await away()
    await back.look()
    expect(back.callOf(api)).toMatchObject({
      operation: 'UpdateHealthCheck',
      input: { Disabled: false, Inverted: false },
    })
    expect((await back.observe(api)).state).toBe('not-started')
    await back.send(api)
    await back.proved(api)
    expect(await served(api)).toEqual(['api.us-west-2.castmatch.test'])
    expect((await back.observe(api)).state).toBe('done')
  })

  test('not while Route 53 cannot be read, which is said and sends nothing', async () => {
    const back = await away()
    await room.startFault('names-api-down')
    expect(await back.look()).toContain(`${database} cannot be moved by this run.`)
    expect(await back.observe(database, 'point')).toMatchObject({ state: 'conflict' })
    expect([back.callOf(database), back.callOf(database, 'point'), back.callOf(api)]).toEqual([null, null, null])
    await room.heal('names-api-down')
    expect((await back.observe(database, 'point')).state).toBe('not-started')
  })
})
