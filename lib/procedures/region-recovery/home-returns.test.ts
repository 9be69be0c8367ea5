// The home region has come back. Its writer is fenced in time, or people are told; what only one side has is counted and listed.
import { describe, expect, test } from 'vitest'
import type { NumberRange } from '../../domain/run/one-sided'
import { PortError } from '../../ports/port-error'
import type { WatchContext, World } from '../contract'
import { everything } from '../testing/surroundings'
import { compareSides, watchBothSides } from './both-sides'
import type { RegionFacts } from './facts'
import { fenceWithinMs, watchReturn } from './watch-return'

const node = (id: string, timeline: number) => ({
  id,
  host: id,
  port: 5432,
  zone: 'a',
  instanceClass: 'c',
  timeline,
  lsn: null,
  multiAz: false,
  securityGroupIds: ['sg-1'],
})
const environment = {
  ...everything,
  database: {
    ...everything.database,
    numberedCommits: { table: 'commits', writerColumn: 'w', numberColumn: 'n', metric: 'm', writerLabel: 'w' },
  },
}
const base: RegionFacts = {
  topology: 'hybrid',
  promotedAt: 1,
  fence: 'pending',
  writerBefore: node('old', 1),
  target: node('us-east-1/new', 2),
  obligations: [],
}

interface Case {
  old: 'away' | 'open' | 'fenced'
  now?: number
  /** Another node at home, and what it is. */
  other?: { standby: boolean; canLogin: boolean }
  home?: NumberRange[]
  away?: NumberRange[]
  compared?: boolean
  /** The promoted database was left on purpose, and is closed. */
  left?: true
}
const range = (writer: string, from: number, to: number): NumberRange => ({ writer, from, to })
const key = (n: number) => `["api-1", "${n}"]`

function worldOf(c: Case): World {
  const answers = (host: string) => {
    if (host === 'old' && c.old === 'away')
      throw new PortError('unreachable', 'old is silent.', { outcome: 'rejected', probe: 'timeout' })
    if (host === 'reader') return { standby: c.other?.standby ?? true, timeline: 1, readOnly: true }
    return host === 'old'
      ? { standby: false, timeline: 1, readOnly: c.old === 'fenced' }
      : { standby: false, timeline: 2, readOnly: false }
  }
  return {
    environment,
    pace: 1,
    now: () => c.now ?? 0,
    snapshot: () => ({
      nodes: ['old', ...(c.other ? ['reader'] : []), 'us-east-1/new'].map((id) => ({
        id,
        address: { host: id, port: 5432 },
      })),
    }),
    fleet: { guarded: async () => ({ cluster: null, instances: [] }) },
    ask: async ({ host }: { host: string }) => answers(host),
    lookAtFence: async ({ host }: { host: string }) => {
      const elsewhere = host !== 'reader' && host !== 'old'
      const open = elsewhere ? !c.left : host === 'reader' ? c.other?.canLogin === true : c.old === 'open'
      return {
        canLogin: open ? ['app'] : [],
        sessions: 0,
        readOnlyByDefault: !open,
        write: { by: 'app', refusedWith: open ? null : '25006' },
      }
    },
    numberRanges: async ({ host }: { host: string }) => (host === 'old' ? c.home : c.away) ?? [],
    merges: {
      user: 'r',
      rights: async () => ({ missing: [], triggersStay: [] }),
      compared: async () =>
        c.compared
          ? [
              {
                ...{ table: 'public.users', place: 0, at: 0, creation: null },
                ...{ onlySource: (c.home ?? []).length, onlyTarget: 1, different: 0, same: 5, digest: 'd' },
                facts: { key: ['id'], triggers: [] },
              },
            ]
          : [],
      rows: async () => [{ key: key(7) }],
    },
  } as unknown as World
}

const contextOf = (facts: RegionFacts, refused: string | null = null): WatchContext<unknown, RegionFacts> => ({
  runId: '20261129t1100z-0a1b2c',
  mode: 'real',
  inputs: {},
  startedAt: 0,
  facts,
  refused,
})
const returned = async (c: Case, facts: RegionFacts = base) =>
  (await watchReturn.look(worldOf(c), contextOf(facts))).news(facts)
const open = (facts: RegionFacts | undefined) =>
  (facts?.obligations ?? []).flatMap(({ id, state }) => (state === 'open' ? [id] : []))

describe('the fence of a writer that has come back', () => {
  test.each<[string, Case, RegionFacts, { alarm?: true; says?: string; facts?: object } | null]>([
    ['away: nothing is news', { old: 'away', now: 9 }, base, null],
    [
      'it responds: the time runs',
      { old: 'open', now: 9 },
      base,
      { says: 'old responds again and accepts writes. It must be fenced within 30 s.', facts: { returnedAt: 9 } },
    ],
    ['it is open and still in time', { old: 'open', now: 9 + fenceWithinMs }, { ...base, returnedAt: 9 }, null],
    ['people were told once', { old: 'open', now: 99_000 }, { ...base, returnedAt: 9, fenceLateAt: 40_000 }, null],
    [
      'fenced in time',
      { old: 'fenced', now: 3_009 },
      { ...base, returnedAt: 9 },
      { says: 'old was fenced 3.0 s after it had responded again; 30 s are allowed.', facts: { fencedAt: 3_009 } },
    ],
    [
      'fenced by the other watcher before this one saw it',
      { old: 'fenced', now: 2_000 },
      { ...base, fence: 'fenced', cameBackAt: 1_000 },
      { facts: { returnedAt: 1_000, fencedAt: 2_000 } },
    ],
  ])('%s', async (_name, c, facts, wanted) => {
    const news = await returned(c, facts)
    if (wanted === null) expect(news).toBeNull()
    else expect(news).toMatchObject(wanted)
    expect(news?.alarm).toBe(wanted?.alarm)
  })
  test('that is not there after 30 s is an alarm and an open item, which the late fence meets', async () => {
    const facts = { ...base, returnedAt: 9 }
    const news = await returned({ old: 'open', now: 9 + fenceWithinMs + 1 }, facts)
    expect(news).toMatchObject({ alarm: true, says: expect.stringContaining('Fence it manually now.') })
    expect(open(news?.facts)).toEqual(['fence-late'])
    const later = await returned({ old: 'fenced', now: 60_000 }, { ...facts, ...news?.facts })
    expect(open(later?.facts)).toEqual([])
    expect(later?.alarm).toBeUndefined()
  })
})

describe('another node at home', () => {
  test('that takes writes of the application is an alarm', async () => {
    const facts: RegionFacts = { ...base, fence: 'fenced', returnedAt: 1, fencedAt: 2 }
    const news = await returned({ old: 'fenced', other: { standby: false, canLogin: true } }, facts)
    expect([news?.alarm, open(news?.facts)]).toEqual([true, ['fence-reader']])
    const after = await returned(
      { old: 'fenced', other: { standby: true, canLogin: false } },
      { ...facts, ...news?.facts },
    )
    expect([after?.alarm, open(after?.facts)]).toEqual([undefined, []])
  })
  test('that serves since the database elsewhere was left on purpose is no second writer', async () => {
    const facts: RegionFacts = { ...base, fence: 'fenced', returnedAt: 1, fencedAt: 2 }
    const c: Case = { old: 'fenced', other: { standby: false, canLogin: true }, left: true }
    expect(await returned(c, facts)).toBeNull()
  })
  test('that the fence has not reached must not be promoted', async () => {
    const facts: RegionFacts = { ...base, fence: 'fenced', returnedAt: 1, fencedAt: 2 }
    const news = await returned({ old: 'fenced', other: { standby: true, canLogin: true } }, facts)
    expect(open(news?.facts)).toEqual(['home-readers'])
    expect(
      await returned({ old: 'fenced', other: { standby: true, canLogin: true } }, { ...facts, ...news?.facts }),
    ).toBeNull()
  })
})

describe('what only one side has', () => {
  const home = [range('api-1', 1, 110), range('api-2', 1, 50)]
  // A writer that went on elsewhere with the numbers that follow has lost those in between.
  const away = [range('api-1', 1, 100), range('api-1', 111, 115), range('api-2', 1, 50), range('dr-1', 1, 7)]
  const fenced: RegionFacts = { ...base, fence: 'fenced' }
  const look = async (c: Case, facts: RegionFacts, refused: string | null = null) =>
    watchBothSides.look(worldOf(c), contextOf(facts, refused))

  test.each<[string, Case, RegionFacts, string | null, boolean]>([
    ['is not compared before the old writer is fenced', { old: 'open' }, base, null, false],
    ['is not compared while it is silent', { old: 'away' }, fenced, null, false],
    ['is compared under the approval of the run', { old: 'fenced' }, fenced, null, true],
    ['is not compared where nothing may be sent', { old: 'fenced' }, fenced, 'A dry run.', false],
  ])('%s', async (_name, c, facts, refused, sends) => {
    const sight = await look(c, facts, refused)
    expect(sight.news(facts)).toBeNull()
    expect(sight.send !== undefined).toBe(sends)
    if (sends)
      expect(compareSides.alternatives?.(contextOf(facts), environment).map(({ call }) => call)).toEqual([
        sight.send?.call,
      ])
  })
  test('is listed by writer and by key, once, and left for people to decide', async () => {
    const c: Case = { old: 'fenced', compared: true, home, away }
    const news = (await look(c, fenced)).news(fenced)
    expect(news?.facts.oneSided).toMatchObject({
      old: { node: 'old', commits: 10, writers: 1, listed: [range('api-1', 101, 110)] },
      promoted: { node: 'us-east-1/new', commits: 12, listed: [range('dr-1', 1, 7), range('api-1', 111, 115)] },
    })
    expect(news?.facts.comparison?.tables[0]?.keys?.source).toEqual([key(7)])
    expect(news?.says).toBe(
      '10 numbered commits only old has: api-1: 101 to 110 (10 commits). 12 numbered commits only new (us-east-1) has: dr-1: 1 to 7 (7 commits), api-1: 111 to 115 (5 commits). Rows by key: public.users 2 only on old, 1 only on new (us-east-1), 0 different.',
    )
    expect(open(news?.facts)).toEqual(['one-sided-commits'])
    const after = { ...fenced, ...news?.facts }
    expect((await look(c, after)).news(after)).toBeNull()
  })
  test('is no open item where the old writer has nothing of its own', async () => {
    const news = (await look({ old: 'fenced', compared: true, home: [], away }, fenced)).news(fenced)
    expect(news?.facts.obligations).toMatchObject([{ id: 'one-sided-commits', state: 'met' }])
  })
  test('is left to the watch by a run that ends before the home region is back', async () => {
    const ctx = contextOf(base)
    const verdict = await compareSides.verify(worldOf({ old: 'away' }), ctx, 0)
    expect(verdict.state).toBe('proved')
    expect(verdict.facts).toBeUndefined()
  })
})
