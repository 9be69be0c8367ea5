/**
 * The pooler is told to hold, cut or let go of its clients, and its console dies, or something else answers in its place.
 * Only an ERROR of the console shows that it did not do it.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Pooler } from '../../ports/pooler'
import { nothingListens } from '../../ports/socket-error'
import { heard, outcomeOf } from '../testing/http-answers'
import { closedPort, startFrozen } from '../testing/never-left'
import {
  brokenWireAnswers,
  complete,
  failure,
  message,
  ready,
  startWireAnswers,
  table,
  type WireAnswer,
  wholeWireAnswers,
} from '../testing/wire-answers'
import { createPgbouncer } from './index'

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const databases = (paused: '0' | '1') =>
  table('SHOW', ['name', 'host', 'port', 'pool_size', 'paused'], [['d', 'h', '5432', '20', paused]])
let paused: '0' | '1' = '0'
/** A pool that was told to PAUSE says that it is. */
let told = false
let server: Awaited<ReturnType<typeof startWireAnswers>>
beforeAll(async () => {
  server = await startWireAnswers((command) => {
    told ||= command.startsWith('PAUSE')
    return command === 'SHOW DATABASES' ? databases(told ? '1' : paused) : null
  })
})
afterAll(() => server.stop())

const login = { name: 'p', user: 'admin', password: 'secret', database: 'd', tls: 'disable' as const }
const to = (address: { host: string; port: number }, queryMs = 1_500, connectMs = 5_000) =>
  createPgbouncer({ ...login, ...address, limits: { connectMs, queryMs } })

const commands: { command: string; send: (pooler: Pooler, limitMs: number) => Promise<unknown> }[] = [
  { command: 'PAUSE', send: (pooler, limitMs) => pooler.pause('d', limitMs) },
  { command: 'KILL', send: (pooler) => pooler.kill('d') },
  { command: 'RECONNECT', send: (pooler) => pooler.reconnect('d') },
  { command: 'RESUME', send: (pooler) => pooler.resume('d') },
]

async function wronglyCalled(answers: WireAnswer[], send: (pooler: Pooler) => Promise<unknown>, queryMs?: number) {
  const wrong: string[] = []
  for (const answer of answers) {
    told = false
    const pooler = to(server.address, queryMs)
    const said = await heard(
      () => server.answerWith(answer),
      () => outcomeOf(send(pooler)),
      () => server.commands().length > 0,
    )
    if (said !== answer.outcome) wrong.push(`${answer.name}: ${said}, not ${answer.outcome}`)
    if (server.commands().length !== 1) wrong.push(`${answer.name}: sent ${server.commands().length} times`)
    await pooler.close()
  }
  return wrong
}

describe.each(commands)('$command', ({ command, send }) => {
  const speech = { done: [command], refused: '08P01' }

  test('is called what the answer shows', async () => {
    // A refused RESUME of what is not paused is what was wanted: here it is.
    paused = command === 'RESUME' ? '1' : '0'
    expect(await wronglyCalled(wholeWireAnswers(speech), (pooler) => send(pooler, 5_000))).toEqual([])
  })

  test('is in doubt wherever its answer breaks off', async () => {
    // A PAUSE that does not come to its end is told apart from one whose answer is lost: the clients are cut then.
    const answers = brokenWireAnswers(speech).filter(({ name }) => command !== 'PAUSE' || !name.endsWith('stays'))
    expect(await wronglyCalled(answers, (pooler) => send(pooler, 5_000), 80)).toEqual([])
  })

  test('that certainly never left is refused', async () => {
    const refused = (address: { host: string; port: number }, connectMs?: number) =>
      outcomeOf(send(to(address, 1_500, connectMs), 5_000))
    expect(await refused({ host: '127.0.0.1', port: await closedPort() })).toBe('rejected')
    expect(await refused({ host: 'pooler.does-not-exist.invalid', port: 6432 })).toBe('rejected')
    const frozen = await startFrozen()
    try {
      expect(await refused({ host: '127.0.0.1', port: frozen.port }, 100)).toBe('rejected')
      expect(await frozen.bytes()).toBe(0)
    } finally {
      await frozen.stop()
    }
  })
})

test('a PAUSE that was confirmed by one whose pool is not paused is in doubt', async () => {
  const other = await startWireAnswers((command) => {
    if (command === 'SHOW DATABASES') return databases('0')
    return command === 'PAUSE "d"' ? Buffer.concat([complete('PAUSE'), ready]) : null
  })
  const pooler = to(other.address)
  expect(await outcomeOf(pooler.pause('d', 1_500))).toBe('unknown')
  await pooler.close()
  await other.stop()
})

test('a PAUSE that is not done in time says so', async () => {
  paused = '0'
  told = false
  server.answerWith({ name: 'nothing', outcome: 'unknown', play: () => {} })
  const pooler = to(server.address)
  expect(await pooler.pause('d', 80)).toBe('timed-out')
  await pooler.close()
})

test('that nothing listens is told apart from silence', async () => {
  const shown = (address: { host: string; port: number }) =>
    to(address, 1_500, 100)
      .pools()
      .then(() => null, nothingListens)
  expect(await shown({ host: '127.0.0.1', port: await closedPort() })).toBe(true)
  expect(await shown({ host: 'pooler.does-not-exist.invalid', port: 6432 })).toBe(false)
  const frozen = await startFrozen()
  try {
    expect(await shown({ host: '127.0.0.1', port: frozen.port })).toBe(false)
  } finally {
    await frozen.stop()
  }
})

describe('a PAUSE of all databases, which SHOW DATABASES does not tell', () => {
  const refusal = (text: string) => Buffer.concat([failure('ERROR', '08P01', text), ready])
  const stuck = (active: string) =>
    table(
      'SHOW',
      ['database', 'cl_active', 'cl_waiting', 'sv_active', 'sv_idle', 'maxwait', 'maxwait_us'],
      [['d', '0', '204', active, '0', '12', '0']],
    )
  /** What a PgBouncer says, by version, and all that it was asked. */
  async function seen(pausedAll: boolean, version: '1.18' | '1.22', active = '0') {
    const asked: string[] = []
    const bouncer = await startWireAnswers((command) => {
      asked.push(command)
      if (command === 'SHOW POOLS') return stuck(active)
      if (command === 'SHOW DATABASES') return databases('0')
      if (command === 'SHOW STATE')
        return version === '1.18'
          ? refusal("invalid command 'SHOW STATE', use SHOW HELP;")
          : table(
              'SHOW',
              ['key', 'value'],
              [
                ['active', pausedAll ? 'no' : 'yes'],
                ['paused', pausedAll ? 'yes' : 'no'],
              ],
            )
      if (command === 'PAUSE "pgbouncer"')
        return refusal(pausedAll ? 'already suspended/paused' : 'cannot pause admin db: pgbouncer')
      return null
    })
    const pooler = to(bouncer.address)
    try {
      return { first: await pooler.pools(), second: await pooler.pools(), asked }
    } finally {
      await pooler.close().catch(() => {})
      await bouncer.stop()
    }
  }

  test.each(['1.18', '1.22'] as const)('is found by version %s', async (version) => {
    const { first, second, asked } = await seen(true, version)
    expect(first).toMatchObject({ paused: true, pausedAll: true, clientsWaiting: 204 })
    expect(second).toEqual(first)
    // What a version does not have is asked for once.
    if (version === '1.18') expect(asked.filter((command) => command === 'SHOW STATE')).toHaveLength(1)
    expect(await seen(false, version)).toMatchObject({ first: { paused: false, pausedAll: false } })
  })

  test('is not asked for while servers work for clients', async () => {
    expect((await seen(true, '1.22', '3')).asked).not.toContain('SHOW STATE')
  })
})

describe('what the console shows', () => {
  const asking: [string, (pooler: Pooler) => Promise<unknown>][] = [
    ['its pools', (pooler) => pooler.pools()],
    ['its servers', (pooler) => pooler.servers()],
  ]
  test.each(asking)('of %s is not known after an answer of nothing', async (_what, ask) => {
    for (const sent of [Buffer.concat([message('I'), ready]), ready, Buffer.concat([complete('LISTEN'), ready])]) {
      server.answerWith({ name: 'no answer', outcome: 'unknown', play: (socket) => void socket.write(sent) })
      const pooler = to(server.address)
      await expect(ask(pooler)).rejects.toThrow('unreadable response')
      await pooler.close()
    }
  })
})
