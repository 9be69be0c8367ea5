// A planned switchover leaves a healthy writer only when nobody writes and the target holds all that was written. Every other
// combination of what can be seen waits, and a person is asked in the end: none fails over.
import { describe, expect, test } from 'vitest'
import type { Pooler } from '../../ports/pooler'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'
import type { StepContext, World } from '../contract'
import { failingOver } from '../testing/failing-over'
import { everything } from '../testing/surroundings'
import type { FailoverFacts } from './facts'
import { failOver } from './fail-over'
import type { FailoverInputs } from './inputs'
import { receiveAll } from './last-position'

const silent = () => new PortError('timeout', 'It did not respond.', { outcome: 'rejected', probe: 'timeout' })
const refused = () => fromSocketError(Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' }), 'p')

const poolerStates = ['holding', 'passing', 'down', 'silent'] as const
const sessionStates = ['none', 'past the pooler', 'no role may look', 'silent'] as const
const writerStates = ['writes', 'standby', 'silent'] as const
const targetStates = ['has all', 'replays', 'behind', 'other timeline', 'unknown', 'silent'] as const

interface Seen {
  pooler: (typeof poolerStates)[number]
  sessions: (typeof sessionStates)[number]
  writer: (typeof writerStates)[number]
  target: (typeof targetStates)[number]
}

const positions: Record<Exclude<Seen['target'], 'silent'>, object> = {
  'has all': { haveLsn: 100n, replayLsn: 100n },
  replays: { haveLsn: 100n, replayLsn: 99n },
  behind: { haveLsn: 99n, replayLsn: 99n },
  'other timeline': { haveLsn: 200n, replayLsn: 200n, timeline: 2 },
  unknown: { haveLsn: null, replayLsn: null },
}

const ask = async <T>(state: string, answer: T): Promise<T> => {
  if (state === 'silent') throw silent()
  if (state === 'down') throw refused()
  return answer
}

function worldOf({ pooler, sessions, writer, target }: Seen): World {
  const pools = { paused: pooler === 'holding', clientsWaiting: 3, clientsActive: 1, serversActive: 0 }
  const session = { pid: 1, startedAt: 'now', user: 'app', applicationName: 'report', clientAddress: null }
  return {
    environment: everything,
    pace: 1,
    now: () => 1_000,
    snapshot: () => null,
    poolers: [{ name: 'p', pools: () => ask(pooler, pools) } as unknown as Pooler],
    acknowledgedNumbers: async () => ({ api: 7 }),
    applicationSessions: () =>
      ask(sessions, sessions === 'no role may look' ? null : sessions === 'none' ? [] : [session]),
    ask: ({ host }: { host: string }) => {
      const common = { timeline: 1, receiver: { status: 'streaming' }, replayPaused: false }
      return host === 'old'
        ? ask(writer, { ...common, standby: writer === 'standby', flushLsn: writer === 'writes' ? 100n : null })
        : ask(target, { ...common, standby: true, ...(target === 'silent' ? {} : positions[target]) })
    },
  } as unknown as World
}

function switchover(facts: FailoverFacts = {}): StepContext<FailoverInputs, FailoverFacts> {
  const ctx = failingOver()
  return {
    ...ctx,
    inputs: { ...ctx.inputs, kind: 'switchover' },
    facts: { ...ctx.facts, verdict: 'healthy', ...facts },
  }
}

const all = poolerStates.flatMap((pooler) =>
  sessionStates.flatMap((sessions) =>
    writerStates.flatMap((writer) => targetStates.map((target): Seen => ({ pooler, sessions, writer, target }))),
  ),
)
const isSafe = ({ pooler, sessions, writer, target }: Seen) =>
  (pooler === 'holding' || pooler === 'down') && sessions === 'none' && writer === 'writes' && target === 'has all'

describe('a planned switchover', () => {
  test.each(all)(
    'with the pooler $pooler, sessions $sessions, the writer $writer, the target $target',
    async (seen) => {
      const verdict = await receiveAll.verify(worldOf(seen), switchover(), 0)
      const guard = await failOver.guard?.(worldOf(seen), switchover())
      expect([verdict.state, guard === null]).toEqual(isSafe(seen) ? ['proved', true] : ['not-yet', false])
      expect(verdict.says).toMatch(/\.$/)
    },
  )

  test('keeps the last position and the last acknowledged numbers, by which the loss is counted afterwards', async () => {
    const seen: Seen = { pooler: 'holding', sessions: 'none', writer: 'writes', target: 'has all' }
    expect(await receiveAll.verify(worldOf(seen), switchover(), 0)).toEqual({
      state: 'proved',
      says: 'Nobody writes, and new has received and replayed all that old wrote. Nothing is lost.',
      facts: { lastPosition: '100', acknowledged: { api: 7 } },
    })
  })

  test.each([
    ['100', null],
    ['101', 'new does not hold the last position of the old writer.'],
  ])(
    'to a replica whose source is isolated by then goes by the position %s that was fixed before',
    async (last, says) => {
      const ctx = switchover({ topology: 'instance', lastPosition: last })
      const guard = await failOver.guard?.(
        worldOf({ pooler: 'holding', sessions: 'silent', writer: 'silent', target: 'has all' }),
        ctx,
      )
      expect(guard && typeof guard === 'object' && 'waitsFor' in guard ? guard.waitsFor : guard).toBe(says)
    },
  )
})
