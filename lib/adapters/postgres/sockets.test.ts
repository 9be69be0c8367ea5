/**
 * A server that dies does so in its own way: the port refuses, the machine is silent, the process closes its sockets, or
 * it stands still in the middle of a query. Each must be told apart, within the limits, and never block the next probe.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { DatabaseProbe } from '../../ports/database'
import { PortError } from '../../ports/port-error'
import { createPostgres } from './index'
import { type Behaviour, startWire } from './testing'

const database = createPostgres({ user: 'warroom', password: 'secret-word', database: 'castmatch', tls: 'disable' })
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Short for a server that says nothing; where it answers, however late on a busy machine, its answer is what is told. */
const limitsOf = ({ greet, behaviour }: { greet: boolean; behaviour?: Behaviour }) => ({
  connectMs: greet ? 15_000 : 100,
  queryMs: behaviour === 'hang' ? 1_000 : 15_000,
})

async function wire(options: { greet: boolean; behaviour?: Behaviour }) {
  const limits = limitsOf(options)
  const server = await startWire(options)
  const probe = database.probe('node', server.address, limits)
  const lost: string[] = []
  probe.onLost(({ kind }) => lost.push(kind))
  ends.push(
    () => server.stop(),
    () => probe.close(),
  )
  return { server, probe, lost }
}
async function failure(call: Promise<unknown>): Promise<PortError> {
  const error = await call.then(
    () => null,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(PortError)
  return error as PortError
}
const connect = (probe: DatabaseProbe) => probe.replication()

describe('probing a server that fails', () => {
  test('a closed port is refused, and the attempt certainly changed nothing', async () => {
    const { server, probe, lost } = await wire({ greet: true })
    await server.stop()
    ends.shift()
    const error = await failure(probe.heartbeat())
    expect(error.detail).toMatchObject({ probe: 'refused', outcome: 'rejected', code: 'ECONNREFUSED' })
    expect(error.message).not.toContain('secret-word')
    expect(lost).toEqual([])
  })

  test('a server that accepts and says nothing runs into the limit for connecting', async () => {
    const { server, probe } = await wire({ greet: false })
    const error = await failure(probe.position())
    expect(error).toMatchObject({ errorClass: 'timeout', detail: { probe: 'timeout', outcome: 'rejected' } })
    expect(server.state.connections).toBe(1)
  })

  test('the next call connects anew after a query that hangs, and the session that hung ends with its answer', async () => {
    const { server, probe, lost } = await wire({ greet: true, behaviour: 'hang' })
    const error = await failure(probe.heartbeat())
    expect(error.detail).toMatchObject({ probe: 'timeout', outcome: 'unknown' })
    server.state.behaviour = 'answer'
    expect(await probe.replication()).toEqual([])
    expect(server.state.connections).toBe(2)
    expect(server.sockets.size, 'the server has not let go of the first one').toBe(2)
    server.answerHung()
    await vi.waitFor(() => expect(server.sockets.size).toBe(1), 10_000)
    expect(lost, 'we gave it up ourselves').toEqual([])
  })

  test('calls behind a hung query fail with it instead of taking their turn', async () => {
    const { server, probe } = await wire({ greet: true, behaviour: 'hang' })
    const calls = [probe.position(), probe.slots(), probe.blocking(), probe.replication()].map(failure)
    for (const error of await Promise.all(calls)) expect(error.detail.probe).toBe('timeout')
    expect(server.state.queries).toBe(1)
  })

  test('calls at the same time share one connection and all get their answer', async () => {
    const { server, probe } = await wire({ greet: true })
    const answers = await Promise.all([probe.replication(), probe.slots(), probe.blocking(), probe.replication()])
    expect(answers).toEqual([[], [], [], []])
    expect(server.state).toMatchObject({ connections: 1, queries: 4 })
  })

  test('a server that closes during a write leaves the outcome unknown', async () => {
    const { probe, lost } = await wire({ greet: true, behaviour: 'close' })
    const error = await failure(probe.heartbeat())
    expect(error.detail).toMatchObject({ probe: 'closed', outcome: 'unknown' })
    expect(lost).toEqual(['closed'])
  })

  test('a reset during a read is a reset', async () => {
    const { probe, lost } = await wire({ greet: true, behaviour: 'reset' })
    expect((await failure(probe.slots())).detail).toMatchObject({ probe: 'reset', outcome: 'rejected' })
    expect(lost).toEqual(['reset'])
  })
})

describe('an idle connection', () => {
  test.each([
    ['closed', (s: import('node:net').Socket) => s.end()],
    ['reset', (s: import('node:net').Socket) => s.resetAndDestroy()],
  ])('that is %s is reported once, without a call', async (kind, end) => {
    const { server, probe, lost } = await wire({ greet: true })
    await connect(probe)
    for (const socket of server.sockets) end(socket)
    await vi.waitFor(() => expect(lost).toEqual([kind]), 10_000)
    await vi.waitFor(() => expect(server.sockets.size).toBe(0), 10_000)
    await connect(probe)
    for (const socket of server.sockets) end(socket)
    await vi.waitFor(() => expect(lost).toEqual([kind, kind]), 10_000)
  })

  test('that we close ourselves is not reported, and its probe answers no more', async () => {
    const { server, probe, lost } = await wire({ greet: true })
    await connect(probe)
    await probe.close()
    await vi.waitFor(() => expect(server.sockets.size).toBe(0), 10_000)
    expect(lost).toEqual([])
    expect((await failure(probe.slots())).detail.probe).toBe('closed')
  })
})
