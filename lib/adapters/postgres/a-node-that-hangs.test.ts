/**
 * A server that hangs keeps every session that it was ever given. Probed five times a second, it must never be given more
 * than its share, by whatever calls and in whatever order; the collector and the runs keep theirs while others use up their
 * own; and the first answer of the server is seen by the next probe.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  leastSessionsPerNode,
  sessionsElsewhere,
  sharesOf,
  uses,
  usualSessionsPerNode,
} from '../../domain/cluster/sessions'
import type { DatabaseProbe } from '../../ports/database'
import { PortError } from '../../ports/port-error'
import { createPostgresControl } from './control'
import { createPostgres } from './index'
import { Seats, SessionBudget } from './sessions'
import { startWire } from './testing'

const role = { user: 'warroom', password: 'secret-word', database: 'castmatch', tls: 'disable' as const }
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function server(options: Parameters<typeof startWire>[0]) {
  const wire = await startWire(options)
  ends.push(() => wire.stop())
  return wire
}
const probeOf = (budget: SessionBudget, use: (typeof uses)[number], wire: Awaited<ReturnType<typeof server>>) => {
  const probe = createPostgres({ ...role, sessions: budget.for(use) }).probe('node', wire.address, {
    connectMs: 40,
    queryMs: 20,
  })
  ends.push(() => probe.close())
  return probe
}
const failed = (call: Promise<unknown>) =>
  call.then(
    () => null,
    (error: unknown) => (error instanceof PortError ? error : Promise.reject(error)),
  )

describe('the share of a node', () => {
  test('is cut so that two addresses and two runners stay below it, whatever the number', () => {
    fc.assert(
      fc.property(fc.integer({ min: leastSessionsPerNode, max: 500 }), (sessionsPerNode) => {
        const shares = sharesOf(sessionsPerNode)
        const atOneAddress = uses.reduce((sum, use) => sum + shares[use], 0)
        expect(4 * atOneAddress + sessionsElsewhere).toBeLessThanOrEqual(sessionsPerNode)
        // Both probes of a lone instance and both of its endpoint, and one to replace one that hangs.
        expect(shares.collector).toBeGreaterThanOrEqual(5)
        expect(shares.runs).toBeGreaterThanOrEqual(3)
        expect(shares.looks).toBeGreaterThanOrEqual(2)
        expect(shares.checklist).toBeGreaterThanOrEqual(1)
      }),
    )
  })

  test.each([
    ['hangs in the middle of a query', { greet: true, behaviour: 'hang' as const }],
    ['accepts connections and says nothing', { greet: false }],
  ])('is kept by probes of a server that %s', async (_how, options) => {
    const wire = await server(options)
    const budget = new SessionBudget()
    const probes = [1, 2, 3, 4].map(() => probeOf(budget, 'collector', wire))
    for (let i = 0; i < 12; i++)
      for (const error of await Promise.all(probes.map((p) => failed(p.position()))))
        expect(error?.detail.probe).toBe('timeout')
    const { collector } = sharesOf(usualSessionsPerNode)
    expect(wire.state.most).toBeLessThanOrEqual(collector)
    await expect.poll(() => budget.taken).toBe(wire.sockets.size)
  })

  test('is kept by calls that open a session for each use and give up on it', async () => {
    const wire = await server({ greet: false })
    const budget = new SessionBudget()
    const database = createPostgres({ ...role, sessions: budget.for('runs') })
    const control = createPostgresControl({
      ...role,
      sessions: budget.for('runs'),
      limits: { connectMs: 30, queryMs: 30 },
    })
    for (let i = 0; i < 6; i++) {
      await failed(database.survey(wire.address, { tables: [], catalogueOnly: true }, { connectMs: 20, queryMs: 20 }))
      await failed(control.look(wire.address, ['app']))
    }
    expect(wire.state.most).toBeLessThanOrEqual(sharesOf(usualSessionsPerNode).runs)
  })

  test('is waited for by those who look, as long as one who counts may take', async () => {
    const wire = await server({ greet: true, behaviour: 'hang' })
    const budget = new SessionBudget()
    const holders = Array.from({ length: sharesOf(usualSessionsPerNode).looks }, () => probeOf(budget, 'looks', wire))
    await Promise.all(holders.map((probe) => failed(probe.position())))
    const waits = probeOf(budget, 'looks', wire).replication()
    wire.state.behaviour = 'answer'
    wire.answerHung()
    for (const holder of holders) await holder.close()
    expect(await waits).toEqual([])
  })

  test('that looks have used up is not missed by the collector and by runs', async () => {
    const wire = await server({ greet: true, behaviour: 'hang' })
    const budget = new SessionBudget()
    const looks = Array.from({ length: 8 }, () => failed(probeOf(budget, 'looks', wire).position()))
    await Promise.race(looks)
    wire.state.behaviour = 'answer'
    expect(await probeOf(budget, 'collector', wire).replication()).toEqual([])
    expect(await probeOf(budget, 'runs', wire).replication()).toEqual([])
  })
})

describe('a server that goes on after it hung', () => {
  async function hungFor(probe: DatabaseProbe, calls: number) {
    for (let i = 0; i < calls; i++) await failed(probe.heartbeat())
  }

  test.each([
    ['in a query', { greet: true, behaviour: 'hang' as const }],
    ['before it let us in', { greet: false }],
  ])('%s answers the next probe, and every session that was given up ends', async (_how, options) => {
    const wire = await server(options)
    const budget = new SessionBudget()
    const probe = probeOf(budget, 'collector', wire)
    await hungFor(probe, 10)
    wire.state.behaviour = 'answer'
    wire.state.greet = true
    wire.answerHung()
    await vi.waitFor(async () => expect(await probe.replication()).toEqual([]), 10_000)
    await vi.waitFor(() => expect(wire.sockets.size).toBe(1), 10_000)
    expect(budget.taken).toBe(1)
  })

  test('lets a session in that was given up while it was being opened, and the next use takes it over', async () => {
    const wire = await server({ greet: false })
    const budget = new SessionBudget()
    const database = createPostgres({ ...role, sessions: budget.for('runs') })
    const limits = { connectMs: 200, queryMs: 100 }
    const table = { table: 't', writerColumn: 'w', numberColumn: 'n' }
    const held = () => database.numbersHeld(wire.address, table, { a: 1 }, limits)
    for (let i = 0; i < 3; i++) await failed(held())
    const connections = wire.state.connections
    const asked = held()
    wire.state.greet = true
    wire.answerHung()
    // It is heard over a session that was there; that this server has no rows is another matter.
    await expect(asked).rejects.toThrow('unreadable response')
    expect(wire.state.connections, 'no new session was opened').toBe(connections)
  })
})

describe('a seat', () => {
  const seats = (most: number) => {
    let now = 0
    return { seats: new Seats(most, () => now), pass: (ms: number) => (now += ms) }
  }

  test('goes to whoever has waited longest, and once', async () => {
    const { seats: two } = seats(2)
    const [first] = [await two.take('node', 10), await two.take('node', 10)]
    const order: string[] = []
    const waits = ['a', 'b'].map((who) =>
      two.take('node', 1_000).then((seat) => {
        order.push(who)
        return seat
      }),
    )
    first?.free()
    first?.free()
    const seat = await waits[0]
    expect(order).toEqual(['a'])
    seat?.free()
    await waits[1]
    expect(order).toEqual(['a', 'b'])
    expect(two.taken).toBe(2)
  })

  test('that does not come free in time is refused in words that tell whose limit it is', async () => {
    const { seats: one } = seats(1)
    await one.take('db:5432', 10)
    await expect(one.take('db:5432', 10)).rejects.toMatchObject({
      errorClass: 'timeout',
      message: 'The War Room uses all 1 of the sessions that it may have for this at db:5432. Try again in a moment.',
    })
  })

  test('is left for two attempts, whatever hangs, unless one must be had', async () => {
    const { seats: five } = seats(5)
    const taken = [await five.take('node', 10), await five.take('node', 10), await five.take('node', 10)]
    taken[0]?.vanish()
    taken[1]?.vanish()
    expect(five.mayReplace(false)).toBe(true)
    taken[2]?.vanish()
    expect(five.mayReplace(false)).toBe(false)
    expect(five.mayReplace(true)).toBe(true)
    await five.take('node', 10)
    await five.take('node', 10)
    expect(five.mayReplace(true), 'none is left').toBe(false)
  })

  test('of a session that vanished is given back when the server answers one that was opened later, or after five minutes', async () => {
    const { seats: three, pass } = seats(3)
    pass(1_000)
    const [one, other] = [await three.take('node', 10), await three.take('node', 10)]
    one.vanish()
    expect(three.taken).toBe(2)
    three.answered(900)
    expect(three.taken, 'a session of before says nothing').toBe(2)
    three.answered(1_001)
    expect(three.taken).toBe(1)
    other.vanish()
    pass(299_999)
    expect(three.mayReplace(true)).toBe(true)
    expect(three.taken).toBe(1)
    pass(1)
    expect(three.mayReplace(true)).toBe(true)
    expect(three.taken).toBe(0)
  })
})
