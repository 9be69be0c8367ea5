// The way home without loss, without a database: in which order, what keeps each act from happening, and what proves that nothing is lost.
import { describe, expect, test } from 'vitest'
import { PortError } from '../../ports/port-error'
import type { StepContext, World } from '../contract'
import { everything } from '../testing/surroundings'
import type { FailBackFacts } from './facts'
import { openHome, promoteHome, verifyHome } from './home'
import { failBack } from './index'
import { type FailBackInputs, failBackInputs } from './inputs'
import { lookAtBothEnds } from './look'
import { receiveLast, stopWrites } from './stop-writes'

const source = 'us-east-1/promoted'
const inputs: FailBackInputs = failBackInputs.parse({ source, target: 'home' })

/** How both databases are, and what else there is at home. */
interface Case {
  left?: 'open' | 'closed' | 'away'
  home?: 'standby' | 'closed' | 'open' | 'away'
  flush?: bigint
  have?: bigint
  replay?: bigint
  streaming?: boolean
  homeSource?: string | null
  /** The old writer at home. */
  old?: 'fenced' | 'open' | 'unknown' | 'away'
  recovery?: boolean
  held?: Record<string, number | null>
}
const away = (): never => {
  throw new PortError('unreachable', 'It is silent.', { outcome: 'rejected', probe: 'timeout' })
}
const instance = (id: string, more: object) => ({
  ...{ id, status: 'available', address: { host: id, port: 5432 }, zone: 'a', instanceClass: 'c', multiAz: false },
  ...{ securityGroupIds: ['sg'], replicaSourceId: null, ...more },
})
function worldOf(c: Case): World {
  const environment = {
    ...everything,
    database: { ...everything.database, recovery: c.recovery === false ? null : { user: 'r' } },
  }
  const { left = 'closed', home = 'standby', old = 'fenced' } = c
  const flushLsn = c.flush ?? 1_000n
  return {
    environment,
    pace: 1,
    now: () => 100_000,
    snapshot: () => ({ nodes: ['old', source].map((id) => ({ id, address: { host: id, port: 5432 } })) }),
    fleet: {
      instance: async (name: string) =>
        name === 'promoted'
          ? instance(source, {})
          : instance('home', { replicaSourceId: c.homeSource === undefined ? source : c.homeSource }),
    },
    ask: async ({ host }: { host: string }, question: (probe: object) => unknown) => {
      if (host === 'old') return old === 'away' ? away() : { standby: false, timeline: 1 }
      if (host === source)
        return left === 'away'
          ? away()
          : { standby: false, timeline: 2, systemId: 'A', flushLsn, readOnly: left === 'closed' }
      if (home === 'away') return away()
      const position = {
        ...{
          standby: home === 'standby',
          timeline: home === 'standby' ? 2 : 3,
          systemId: 'A',
          readOnly: home !== 'open',
        },
        ...{ haveLsn: c.have ?? flushLsn, replayLsn: c.replay ?? c.have ?? flushLsn, replayPaused: false },
        receiver: { status: c.streaming === false ? 'stopped' : 'streaming' },
      }
      return question({ position: () => position, heartbeat: () => (home === 'open' ? undefined : away()) })
    },
    lookAtFence: async ({ host }: { host: string }) => {
      if (host === 'old' && old === 'unknown') return away()
      const open = host === 'old' ? old === 'open' : host === source ? left === 'open' : home === 'open'
      return {
        ...{ canLogin: open ? ['app'] : [], sessions: 0, readOnlyByDefault: !open },
        write: { by: 'app', refusedWith: open ? null : '25006' },
      }
    },
    numberRanges: async () => [{ writer: 'a', from: 1, to: 7 }],
    heldNumbers: async () => c.held ?? { a: 7 },
  } as unknown as World
}
const node = (id: string, timeline: number) => ({
  ...{
    id,
    host: id,
    port: 5432,
    zone: 'a',
    instanceClass: 'c',
    timeline,
    lsn: null,
    multiAz: false,
    securityGroupIds: [],
  },
})
const facts: FailBackFacts = {
  ...{ topology: 'instance', writerBefore: node(source, 2), target: node('home', 2), lastPosition: '1000' },
  ...{ endpoint: { host: 'home', port: 5432 }, acknowledged: { a: 7 } },
}
const ctx = (more: FailBackFacts = {}): StepContext<FailBackInputs, FailBackFacts> => ({
  ...{ runId: '20261129t1200z-0a1b2c', mode: 'real', startedAt: 0, inputs, facts: { ...facts, ...more } },
})
const stop = stopWrites(everything)
const open = openHome(everything)

test('writes stop before the last position, that comes before the promotion, and the application and names follow', () => {
  expect(failBack.steps(everything).map(({ id, effect }) => [id, effect])).toEqual([
    ['look-at-both-ends', 'READ'],
    ['look-at-names', 'READ'],
    ['approve-fail-back', 'READ'],
    ['stop-writes', 'DANGEROUS'],
    ['receive-last', 'READ'],
    ['promote-replica', 'DANGEROUS'],
    ['open-home', 'DANGEROUS'],
    ['switch-api', 'SAFE'],
    ['first-pod-api', 'SAFE'],
    ['all-pods-api', 'SAFE'],
    ['point-db.castmatch.internal', 'DANGEROUS'],
    ['move-db.castmatch.internal', 'DANGEROUS'],
    ['move-api.castmatch.test', 'DANGEROUS'],
    ['lead-poolers', 'SAFE'],
    ['protect', 'SAFE'],
    ['verify-home', 'READ'],
    ['see-names', 'READ'],
    ['rest-application', 'SAFE'],
    ['close-fail-back', 'READ'],
  ])
})
test('every effect goes to the database that it is about, and a yes covers all of them', async () => {
  expect(stop.call?.(ctx(), everything)).toMatchObject({ kind: 'sql', host: source })
  expect(promoteHome.call?.(ctx(), everything)).toMatchObject({
    ...{ operation: 'PromoteReadReplica', region: 'us-west-2' },
    input: { DBInstanceIdentifier: 'home', BackupRetentionPeriod: 7 },
  })
  expect(open.call?.(ctx(), everything)).toMatchObject({ kind: 'sql', host: 'home' })
  expect(stop.undo?.call(ctx(), everything)).toMatchObject({ kind: 'sql', host: source })
  const asked = await failBack.ask(worldOf({}), ctx(), 'approve-fail-back')
  const names = ['point-db.castmatch.internal', 'move-db.castmatch.internal', 'move-api.castmatch.test']
  expect([asked.covers, asked.typeToConfirm]).toEqual([
    ['stop-writes', 'promote-replica', 'open-home', ...names],
    'home',
  ])
  // Asked again for a name alone, it covers names alone.
  expect((await failBack.ask(worldOf({}), ctx(), 'move-api.castmatch.test')).covers).toEqual(names)
})

describe('the way home', () => {
  test.each<[string, Case, string]>([
    ['may begin when the replica is level and nobody else takes writes', { left: 'open' }, 'proved'],
    ['may begin when the old writer is away', { left: 'open', old: 'away' }, 'proved'],
    ['waits for a replica that is 2 MB behind', { left: 'open', flush: 3_000_000n, have: 1_000n }, 'not-yet'],
    ['waits for one that does not stream', { left: 'open', streaming: false }, 'not-yet'],
    ['waits for a database that is silent', { left: 'away' }, 'not-yet'],
    ['is closed while the old writer at home is open', { left: 'open', old: 'open' }, 'failed'],
    ['is closed while nobody knows whether it is', { left: 'open', old: 'unknown' }, 'failed'],
    ['is closed for a replica of another database', { left: 'open', homeSource: 'other' }, 'failed'],
    ['is closed for no replica', { left: 'open', homeSource: null }, 'failed'],
    ['is closed without a role that stops writes', { left: 'open', recovery: false }, 'failed'],
  ])('%s', async (_name, c, state) => {
    expect((await lookAtBothEnds.verify(worldOf(c), ctx(), 0)).state).toBe(state)
  })
})

describe('a guard', () => {
  const refused = { kind: 'refused' }
  test.each<[string, () => Promise<unknown> | undefined, null | typeof refused]>([
    ['stops writes while the replica streams', () => stop.guard?.(worldOf({ left: 'open' }), ctx()), null],
    ['stops none while it does not', () => stop.guard?.(worldOf({ left: 'open', streaming: false }), ctx()), refused],
    ['promotes what holds the last position', () => promoteHome.guard?.(worldOf({}), ctx()), null],
    ['promotes nothing short of it', () => promoteHome.guard?.(worldOf({ have: 999n }), ctx()), refused],
    ['promotes nothing while writes go on', () => promoteHome.guard?.(worldOf({ left: 'open' }), ctx()), refused],
    ['opens home while the other one is closed', () => open.guard?.(worldOf({ home: 'closed' }), ctx()), null],
    ['opens no standby', () => open.guard?.(worldOf({ home: 'standby' }), ctx()), refused],
    [
      'opens nothing beside an open database',
      () => open.guard?.(worldOf({ home: 'closed', left: 'open' }), ctx()),
      refused,
    ],
    ['allows writes again before a promotion', () => stop.undo?.guard?.(worldOf({}), ctx()), null],
    ['allows none after it', () => stop.undo?.guard?.(worldOf({ home: 'closed' }), ctx()), refused],
    ['allows none when that is not known', () => stop.undo?.guard?.(worldOf({ home: 'away' }), ctx()), refused],
  ])('%s', async (_name, ask, wanted) => {
    const said = await ask()
    expect(wanted === null ? said : typeof said).toBe(wanted === null ? null : 'string')
  })
  test('opens nothing while it is not known whether the other one is closed', async () => {
    await expect(open.guard?.(worldOf({ home: 'closed', left: 'away' }), ctx())).rejects.toThrow(PortError)
  })
})

describe('the last position', () => {
  test.each<[string, Case, string]>([
    ['is received and replayed', {}, 'proved'],
    ['is not received yet', { have: 999n }, 'not-yet'],
    ['is received and not replayed', { have: 1_000n, replay: 999n }, 'not-yet'],
    ['means nothing while somebody writes', { left: 'open' }, 'failed'],
  ])('%s', async (_name, c, state) => {
    const verdict = await receiveLast.verify(worldOf(c), ctx({ lastPosition: undefined }), 0)
    expect(verdict.state).toBe(state)
    if (state === 'proved') expect(verdict.facts).toEqual({ lastPosition: '1000', acknowledged: { a: 7 } })
  })
})

describe('the promotion', () => {
  test.each<[string, Case, string]>([
    ['is proved by both words', { home: 'closed', homeSource: null }, 'proved'],
    ['is not proved while RDS names a source', { home: 'closed' }, 'not-yet'],
    ['is not proved by a standby', { homeSource: null }, 'not-yet'],
  ])('%s', async (_name, c, state) => {
    expect((await promoteHome.verify(worldOf(c), ctx(), 0)).state).toBe(state)
  })
})

describe('nothing is lost', () => {
  const later = { writesSince: 1, stoppedAt: 0, openedAt: 5_000 }
  test.each<[string, Case, string, number | null | undefined]>([
    ['when every writer’s last number is at home', { home: 'open' }, 'proved', 0],
    ['and the run fails when one is missing', { home: 'open', held: { a: 5 } }, 'failed', 2],
    ['and a write that fails begins the time anew', { home: 'closed' }, 'not-yet', undefined],
  ])('%s', async (_name, c, state, lost) => {
    const verdict = await verifyHome.verify(worldOf(c), ctx(later), 0)
    expect([verdict.state, verdict.facts?.lostCommits]).toEqual([state, lost])
  })
})
