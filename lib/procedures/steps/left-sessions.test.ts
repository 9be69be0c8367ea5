// Application sessions stay on a node that is not the writer any more. They are listed, and exactly those that were shown are ended.
import { beforeEach, expect, test } from 'vitest'
import type { LeftSession } from '../../domain/cluster/left-sessions'
import { PortError } from '../../ports/port-error'
import type { StepContext, World } from '../contract'
import type { FailoverFacts } from '../primary-failover/facts'
import { everything } from '../testing/surroundings'
import { endLeftSessions } from './left-sessions'

const step = endLeftSessions(everything)
const session = (pid: number): LeftSession => ({
  pid,
  startedAt: '2026-11-29 00:10:38+00',
  user: 'app',
  applicationName: 'api',
  clientAddress: '10.0.0.7',
})
let open: Record<string, LeftSession[] | 'silent' | null>
const world = {
  environment: everything,
  snapshot: () => ({
    nodes: ['new', 'old', 'reader'].map((id) => ({ id, address: { host: id, port: 5432 } })),
  }),
  applicationSessions: async ({ host }: { host: string }) => {
    const found = open[host] ?? []
    if (found === 'silent') throw new PortError('timeout', 'x', { outcome: 'rejected', probe: 'timeout' })
    return open[host] === null ? null : found
  },
} as unknown as World
const node = (id: string) => ({ id, host: id, port: 5432 })
let ctx: StepContext<unknown, FailoverFacts>
const look = async () => {
  const seen = await step.observe?.(world, ctx)
  ctx = { ...ctx, facts: { ...ctx.facts, ...seen?.facts } }
  return seen
}

beforeEach(() => {
  open = {}
  ctx = {
    runId: 'r',
    mode: 'real',
    startedAt: 0,
    inputs: {},
    facts: { writerBefore: node('old'), target: node('new') } as unknown as FailoverFacts,
  }
})

test('there is nothing to ask where no session is left; those at the writer are where they should be', async () => {
  open = { new: [session(1)] }
  expect(await look()).toMatchObject({ state: 'done', says: 'No application session is on old, reader.' })
  expect(step.call?.(ctx, everything)).toBeNull()
})

test('what is shown is what is ended, on every node, by the recovery role', async () => {
  open = { old: [session(1), session(2)], reader: [session(3)] }
  expect(await look()).toMatchObject({
    state: 'not-started',
    says: '2 application sessions on old, 1 application session on reader.',
  })
  const ask = step.ask?.(ctx, everything)
  expect(ask).toMatchObject({
    title: 'End 2 application sessions on old, 1 application session on reader',
    covers: [step.id],
  })
  expect(ask?.facts.filter(({ label }) => label === 'old' || label === 'reader')).toHaveLength(3)
  const call = step.call?.(ctx, everything)
  expect(call).toMatchObject({
    kind: 'sessions',
    user: 'r',
    nodes: [{ id: 'old', backends: [{ pid: 1 }, { pid: 2 }] }, { id: 'reader' }],
  })
  // One ends by itself: the approval and the call stay.
  open = { old: [session(2)] }
  await look()
  expect(step.call?.(ctx, everything)).toEqual(call)
  expect(step.ask?.(ctx, everything)).toEqual(ask)
  // Another comes: what was shown is not all any more.
  open = { old: [session(2), session(4)] }
  await look()
  expect(step.ask?.(ctx, everything)?.bound).not.toEqual(ask?.bound)
  expect(step.call?.(ctx, everything)).toMatchObject({ nodes: [{ id: 'old', backends: [{ pid: 2 }, { pid: 4 }] }] })
})

test('it is proved by no session, and not while one remains', async () => {
  open = { old: [session(1)] }
  expect(await step.verify(world, ctx, 0)).toMatchObject({ state: 'not-yet' })
  open = {}
  expect(await step.verify(world, ctx, 0)).toMatchObject({ state: 'proved' })
})

test('a node that does not respond keeps nobody waiting, and is named', async () => {
  open = { old: 'silent' }
  expect(await look()).toMatchObject({
    state: 'done',
    says: 'No application session is on reader. old does not respond.',
  })
})

test('without a role that may look, people are told to', async () => {
  open = { old: null }
  expect(await look()).toMatchObject({ state: 'done' })
  expect(ctx.facts.obligations).toMatchObject([{ id: 'left-sessions', state: 'open' }])
})
