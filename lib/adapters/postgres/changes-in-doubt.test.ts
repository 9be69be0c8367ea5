/**
 * The old writer is being fenced and dies in the middle of it, or something in between answers in its place. Only an ERROR of
 * the server rolls a statement back; a session that ended may have ended in the middle of its commit.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { heard, outcomeOf } from '../testing/http-answers'
import { closedPort, startFrozen } from '../testing/never-left'
import {
  brokenWireAnswers,
  complete,
  failure,
  ready,
  startWireAnswers,
  type WireAnswer,
  wholeWireAnswers,
} from '../testing/wire-answers'
import { createPostgresControl } from './control'

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const fence = ['SET default_transaction_read_only = off', 'ALTER ROLE app NOLOGIN']
const speech = { done: ['SET', 'ALTER ROLE'], refused: '42501' }
const settings = { user: 'recovery', password: 'secret', database: 'd', tls: 'disable' } as const
const patient = createPostgresControl(settings)
/** Anew for each answer: sessions that hang keep their share of one budget. */
const hasty = () => createPostgresControl({ ...settings, limits: { connectMs: 5_000, queryMs: 80 } })

let server: Awaited<ReturnType<typeof startWireAnswers>>
const setting = Buffer.concat([complete('SET'), complete('SET'), ready])
beforeAll(async () => {
  server = await startWireAnswers((command) =>
    command.includes('ALTER') || command.includes('SELECT') ? null : setting,
  )
})
afterAll(() => server.stop())

async function wronglyCalled(
  of: typeof patient | typeof hasty,
  answers: WireAnswer[],
  statements = fence,
): Promise<string[]> {
  const wrong: string[] = []
  for (const answer of answers) {
    const control = typeof of === 'function' ? of() : of
    const said = await heard(
      () => server.answerWith(answer),
      () => outcomeOf(control.execute(server.address, statements, () => {})),
      () => server.commands().length > 0,
    )
    if (said !== answer.outcome) wrong.push(`${answer.name}: ${said}, not ${answer.outcome}`)
    if (server.commands().length !== 1) wrong.push(`${answer.name}: sent ${server.commands().length} times`)
  }
  return wrong
}
const answering = (name: string, outcome: WireAnswer['outcome'], ...sent: Buffer[]): WireAnswer => ({
  name,
  outcome,
  play: (socket) => void socket.write(Buffer.concat(sent)),
})

describe('a statement that fences', () => {
  test('is called what the answer shows', async () => {
    expect(await wronglyCalled(patient, wholeWireAnswers(speech))).toEqual([])
  })

  test('is in doubt wherever its answer breaks off', async () => {
    expect(await wronglyCalled(hasty, brokenWireAnswers(speech))).toEqual([])
  })

  test.each(['08000', '08006', '08007', '57P01', '57P02', '57P03', '57P05', '40003'])(
    'is in doubt after %s, with which the server does not know its end either',
    async (code) => {
      expect(await wronglyCalled(patient, [answering(code, 'unknown', failure('ERROR', code), ready)])).toEqual([])
    },
  )

  test('is in doubt when the server did only what comes before it', async () => {
    expect(await wronglyCalled(patient, [answering('the setting', 'unknown', complete('SET'), ready)])).toEqual([])
  })

  test('of a function is in doubt after any error: what it did to other sessions is not rolled back', async () => {
    const end = [fence[0] ?? '', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity']
    expect(
      await wronglyCalled(patient, [answering('too late', 'unknown', failure('ERROR', '57014'), ready)], end),
    ).toEqual([])
  })

  test('after another that changed something leaves it in doubt, however it fails', async () => {
    server.answerWith({
      name: 'the first is done, the second refused',
      outcome: 'unknown',
      play: (socket) =>
        void socket.write(
          server.commands().length === 1
            ? Buffer.concat([complete('SET'), complete('ALTER ROLE'), ready])
            : Buffer.concat([failure('ERROR', '42501'), ready]),
        ),
    })
    const two = patient.execute(server.address, [...fence, 'ALTER ROLE other NOLOGIN'], () => {})
    expect(await outcomeOf(two)).toBe('unknown')
    expect(server.commands()).toHaveLength(2)
  })
})

describe('a statement that certainly never left is refused', () => {
  test('where nobody listens', async () => {
    const address = { host: '127.0.0.1', port: await closedPort() }
    expect(await outcomeOf(patient.execute(address, fence, () => {}))).toBe('rejected')
  })

  test('where the name does not resolve', async () => {
    const address = { host: 'db.does-not-exist.invalid', port: 5432 }
    expect(await outcomeOf(patient.execute(address, fence, () => {}))).toBe('rejected')
  })

  test('where no connection comes about in time', async () => {
    const frozen = await startFrozen()
    try {
      const impatient = createPostgresControl({ ...settings, limits: { connectMs: 100, queryMs: 5_000 } })
      const address = { host: '127.0.0.1', port: frozen.port }
      expect(await outcomeOf(impatient.execute(address, fence, () => {}))).toBe('rejected')
      expect(await frozen.bytes()).toBe(0)
    } finally {
      await frozen.stop()
    }
  })

  test('where the server lets nobody in', async () => {
    const closed = await startRefusing()
    try {
      expect(await outcomeOf(patient.execute(closed.address, fence, () => {}))).toBe('rejected')
    } finally {
      await closed.stop()
    }
  })
})

/** A server that refuses the session itself, as one that shuts down does. */
async function startRefusing() {
  const refusing = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(failure('FATAL', '57P03')))
  })
  refusing.listen(0, '127.0.0.1')
  await once(refusing, 'listening')
  const { port } = refusing.address() as AddressInfo
  return {
    address: { host: '127.0.0.1', port },
    async stop() {
      refusing.close()
      await once(refusing, 'close')
    },
  }
}

describe('a look at the fence', () => {
  test('that is answered with nothing does not show it closed', async () => {
    server.answerWith(answering('no row', 'unknown', complete('SET'), complete('SELECT 0'), ready))
    await expect(patient.look(server.address, ['app'])).rejects.toThrow('unreadable response')
  })
})
