// The home region is only half away: the old writer answers, is fenced by SQL, and the replica is still connected. A fence by SQL is data, so
// the replica receives it: promoted, it would refuse the application for ever.
import { expect, test } from 'vitest'
import type { FenceLook } from '../../ports/database'
import { PortError } from '../../ports/port-error'
import type { World } from '../contract'
import { fenceBySql } from '../steps/fence-calls'
import { everything } from '../testing/surroundings'
import { regionRecovery } from './index'
import { regionInputs } from './inputs'
import { openPromoted, receivedFence } from './open-promoted'

const target = {
  ...{ id: 'us-east-1/replica', host: 'dr', port: 5432, zone: 'us-east-1a', instanceClass: 'c' },
  ...{ timeline: 1, lsn: null, multiAz: false, securityGroupIds: [] },
}
const open: FenceLook = {
  canLogin: ['app'],
  sessions: 0,
  readOnlyByDefault: false,
  write: { by: 'app', refusedWith: null },
}
const closed: FenceLook = {
  canLogin: [],
  sessions: 0,
  readOnlyByDefault: true,
  write: { by: 'app', refusedWith: '28000' },
}
const away = new PortError('unreachable', 'It does not respond.', { outcome: 'rejected', probe: 'closed' })

/** `writes`: what a write meets; null when it commits. */
function worldOf(
  look: FenceLook | null | PortError,
  { standby = false, readOnly = false, writes = null as PortError | null } = {},
): World {
  const probe = {
    position: async () => ({ standby, readOnly }),
    heartbeat: async () => {
      if (writes) throw writes
    },
  }
  return {
    environment: everything,
    lookAtFence: async () => {
      if (look instanceof PortError) throw look
      return look
    },
    ask: async (_address: unknown, question: (asked: typeof probe) => Promise<unknown>) => await question(probe),
    now: () => 0,
  } as unknown as World
}
const ctx = {
  ...{ runId: 'r1', mode: 'real' as const, startedAt: 0 },
  inputs: regionInputs.parse({ target: target.id }),
  facts: { target },
}
const step = openPromoted(everything)

test.each<[string, FenceLook | null | PortError, boolean]>([
  ['was not fenced', open, false],
  ['refuses the application', closed, true],
  ['is read-only alone', { ...open, readOnlyByDefault: true }, true],
  ['lets no application log in', { ...open, canLogin: [] }, true],
  ['cannot be looked at, for want of a role', null, false],
  ['does not respond', away, false],
])('a promoted database that %s', async (_what, look, received) => {
  expect(await receivedFence(worldOf(look), target)).toBe(received)
})

test.each<[string, FenceLook | null, string]>([
  ['the fence is there', closed, 'not-started'],
  ['it is not', open, 'done'],
  ['no role may look', null, 'done'],
])('before acting: %s', async (_what, look, state) => {
  expect(await step.observe?.(worldOf(look), ctx)).toMatchObject({ state })
})

test('a session that began under the fence and is left keeps it closed', async () => {
  expect(await step.observe?.(worldOf(open, { readOnly: true }), ctx)).toMatchObject({ state: 'not-started' })
})

test('a standby is left alone', async () => {
  expect(await step.guard?.(worldOf(closed, { standby: true }), ctx)).toContain('still a standby')
  expect(await step.guard?.(worldOf(closed), ctx)).toBeNull()
})

test.each<[string, World, string]>([
  ['the application may log in and a write commits', worldOf(open), 'proved'],
  ['it may not', worldOf(closed), 'not-yet'],
  ['a write fails', worldOf(open, { writes: away }), 'not-yet'],
])('the proof: %s', async (_what, world, state) => {
  expect(await step.verify(world, ctx, 0)).toMatchObject({ state })
})

test('everything that the fence has set is lifted, at the promoted database, and sessions that began under it end', () => {
  const set = fenceBySql({ facts: { writerBefore: target } }, everything)?.statements ?? []
  const lifted = step.call?.(ctx, everything)
  expect(lifted).toMatchObject({ host: 'dr', port: 5432, user: 'r' })
  expect(set).toContain('ALTER ROLE "app" NOLOGIN')
  expect(lifted).toHaveProperty('statements', [
    'SET default_transaction_read_only = off',
    'ALTER DATABASE "d" RESET default_transaction_read_only',
    'ALTER ROLE "app" LOGIN',
    set.at(-1),
  ])
})

test('it comes right after the promotion, before anything needs a write', () => {
  const ids = regionRecovery.steps(everything).map(({ id }) => id)
  expect(ids.indexOf('open-promoted')).toBeGreaterThan(ids.indexOf('promote-replica'))
  expect(ids.indexOf('open-promoted')).toBeLessThan(ids.indexOf('protect'))
})
