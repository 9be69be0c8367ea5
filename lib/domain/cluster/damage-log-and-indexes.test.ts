/** Damage that others tell of: the writer's log, amcheck on a reader, and probes of ours that meet it while they ask for something else. */
import { describe, expect, it } from 'vitest'
import { missIndex, takeIndex, takeMet } from './damage-indexes'
import { missLog, takeLog } from './damage-log'
import {
  type DamageMemory,
  emptyDamageMemory,
  followWriter,
  type IndexCheck,
  productionDamageTimes as times,
} from './damage-memory'
import { setAside, takeCount, takeLook } from './damage-watch'
import { watchWords } from './damage-words'
import { emptyTally, type LogTally } from './server-log'

const t0 = 1_800_000_000_000
const minute = 60_000
const at = <T>(ms: number, value: T) => ({ startedAt: t0 + ms - 10, endedAt: t0 + ms, value })
const start = followWriter(emptyDamageMemory, 'w', t0, times)
const log = (m: DamageMemory, ms: number, tally: Partial<LogTally> = {}, behind = false) =>
  takeLog(m, at(ms, { tally: { ...emptyTally, ...tally }, behind }), times)
const page = (subject: string, ms: number) => ({ code: 'XX001', subject, at: t0 + ms })
const found = (m: DamageMemory) => m.findings.map(({ kind, confidence }) => [kind, confidence])
const signs = (m: DamageMemory) =>
  m.findings.flatMap((finding) => finding.signs.map(({ rule, subject }) => [rule, subject]))

describe("the writer's log", () => {
  it('a damaged page that any statement met is confirmed at once, since the time of the entry', () => {
    const m = log(start, minute, { damaged: [page('block 7 of base/5/6', minute - 900)] })
    expect(found(m)).toEqual([['corruption', 0.9]])
    expect(m.findings[0]).toMatchObject({ lastGoodAt: null, firstBadAt: t0 + minute - 900 })
    // An index is a page, too: it makes nothing surer.
    expect(found(log(m, 2 * minute, { damaged: [{ code: 'XX002', subject: 'users_pkey', at: null }] }))).toEqual([
      ['corruption', 0.9],
    ])
  })

  it('a page that was dismissed says nothing again, another one does, and so does one on another writer', () => {
    const one = page('block 7 of base/5/6', minute)
    const m = setAside(log(start, minute, { damaged: [one] }), 'corruption', t0 + 2 * minute)
    expect(found(log(m, 3 * minute, { damaged: [page(one.subject, 3 * minute)] }))).toEqual([])
    expect(found(log(m, 3 * minute, { damaged: [page('block 8 of base/5/6', 3 * minute)] }))).toEqual([
      ['corruption', 0.9],
    ])
    // An entry from before the dismissal that is read only now.
    expect(found(log(m, 3 * minute, { damaged: [page('block 8 of base/5/6', minute + 1)] }))).toEqual([])
    const other = followWriter(m, 'r', t0 + 4 * minute, times)
    expect(found(log(other, 5 * minute, { damaged: [page(one.subject, 5 * minute)] }))).toEqual([['corruption', 0.9]])
  })

  it('our own count of a page that was set aside writes entries, which say nothing', () => {
    const fails = at(minute, {
      tables: [{ name: 'users', result: { code: 'XX001', says: 'It holds a damaged page.' } }],
      invariants: [],
    })
    const m = setAside(takeCount(start, fails), 'corruption', t0 + minute)
    expect(found(log(m, 2 * minute, { damaged: [page('block 7 of base/5/6', 2 * minute)] }))).toEqual([])
  })

  /** One reading every 15 s with so many broken constraints each. */
  const readings = (m: DamageMemory, from: number, until: number, each: number) => {
    let next = m
    for (let ms = from; ms <= until; ms += 15_000) next = log(next, ms, { violations: each })
    return next
  }
  it('constraints broken five times as often as usual over five minutes are a sign, too weak for a finding, until it ends', () => {
    const usual = readings(start, 0, 15 * minute, 3)
    expect(usual.log.lasting).toEqual([])
    // Not after four minutes, nor at four times the usual rate, nor for one burst of the same number in an hour's calm.
    expect(readings(usual, 15 * minute + 15_000, 18 * minute, 20).log.lasting).toEqual([])
    expect(readings(usual, 15 * minute + 15_000, 25 * minute, 11).log.lasting).toEqual([])
    const flood = readings(usual, 15 * minute + 15_000, 20 * minute + 15_000, 40)
    expect(flood.log.lasting.map(({ rule }) => rule)).toEqual(['violations'])
    expect(found(flood)).toEqual([])
    expect(readings(flood, 20 * minute + 30_000, 27 * minute, 3).log.lasting).toEqual([])
  })

  it('few broken constraints are never a flood, however unusual, and none of before are', () => {
    expect(readings(readings(start, 0, 15 * minute, 0), 15 * minute + 15_000, 25 * minute, 7).log.lasting).toEqual([])
    expect(readings(start, 0, 4 * minute, 1_000).log.lasting).toEqual([])
  })

  it('with a broken invariant they make corruption certain', () => {
    const flood = readings(readings(start, 0, 15 * minute, 1), 15 * minute + 15_000, 21 * minute, 40)
    const broken = (ms: number) => at(ms, { tables: [], invariants: [{ name: 'owners', result: { rows: 3 } }] })
    const m = takeCount(takeCount(flood, broken(21 * minute)), broken(22 * minute))
    expect(found(m)).toEqual([['corruption', 1]])
  })

  it('statements that miss a relation are a sign from the third within a minute on, and end with them', () => {
    const missing = (n: number) => ({ missing: Array.from({ length: n }, () => ({ relation: 'jobs', at: null })) })
    expect(log(start, minute, missing(2)).log.lasting).toEqual([])
    const m = log(log(start, minute, missing(2)), minute + 15_000, missing(1))
    expect(m.log.lasting).toMatchObject([{ rule: 'relation-missing', subject: 'jobs', lastGoodAt: t0 + minute - 10 }])
    expect(found(m)).toEqual([])
    expect(log(m, 3 * minute).log.lasting).toEqual([])
  })

  it('together with rows that are gone they confirm a deletion; with a table found missing they count once', () => {
    const three = { missing: Array.from({ length: 3 }, () => ({ relation: 'users', at: null })) }
    const users = { name: 'users', oid: '1', file: '1', columns: [], deleted: 0 }
    const seen = takeLook(start, at(0, { checksumFailures: 0, tables: [users], names: {} }), times)
    const renamed = takeLook(seen, at(5_000, { checksumFailures: 0, tables: [], names: { '1': 'users_old' } }), times)
    expect(found(log(renamed, 15_000, three))).toEqual([])
    const counted = (ms: number, rows: number) =>
      at(ms, { tables: [{ name: 'users', result: { rows } }], invariants: [] })
    const fewer = takeCount(takeCount(seen, counted(1_000, 1_000)), counted(minute, 900))
    expect(found(log(fewer, minute + 15_000, three))).toEqual([['deletion', 1]])
  })

  it('after a failover the log of the new writer says nothing of rates until it has cooled down', () => {
    const m = followWriter(log(start, 0), 'r', t0 + minute, times)
    const three = { missing: Array.from({ length: 5 }, () => ({ relation: 'jobs', at: null })) }
    expect(log(m, 2 * minute, three).log.lasting).toEqual([])
    expect(log(m, 12 * minute, three).log.lasting).toHaveLength(1)
  })
})

describe('amcheck on a reader', () => {
  const check = (m: DamageMemory, ms: number, result: IndexCheck['result'], index: string | null = 'users_pkey') =>
    takeIndex(m, 'replica-1', at(ms, { of: 2, index, result }))
  const broken = { code: 'XX002', says: 'It holds a damaged index.' }
  it('a damaged index is confirmed at once, since it was last sound; one that cannot be checked says nothing', () => {
    const m = check(check(start, 0, 'sound'), minute, broken)
    expect(found(m)).toEqual([['corruption', 0.9]])
    expect(m.findings[0]).toMatchObject({ lastGoodAt: t0 - 10, firstBadAt: t0 + minute })
    for (const code of ['57014', '55P03', '40001', '42P01', null])
      expect(found(check(start, 0, { code, says: 'x' }))).toEqual([])
    expect(found(check(start, 0, 'sound', null))).toEqual([])
  })

  it('one that was dismissed must be sound once before it says anything again', () => {
    const m = setAside(check(start, 0, broken), 'corruption', t0 + minute)
    expect(found(check(m, 2 * minute, broken))).toEqual([])
    expect(found(check(check(m, 2 * minute, 'sound'), 3 * minute, broken))).toEqual([['corruption', 0.9]])
    expect(found(check(m, 2 * minute, broken, 'users_email_key'))).toEqual([['corruption', 0.9]])
  })
})

describe('a probe that meets a damaged page', () => {
  it('is a sign whatever it asked for; once dismissed it says nothing until it has worked again', () => {
    const m = takeMet(start, ['heartbeat of the writer'], t0)
    expect(found(m)).toEqual([['corruption', 0.9]])
    expect(signs(takeMet(m, ['heartbeat of the writer'], t0 + 5_000))).toEqual([
      ['unreadable-page', 'probe: heartbeat of the writer'],
    ])
    const after = setAside(m, 'corruption', t0 + 6_000)
    expect(found(takeMet(after, ['heartbeat of the writer'], t0 + 7_000))).toEqual([])
    const well = takeMet(after, [], t0 + 8_000)
    expect(well.unreadableSetAside).toEqual([])
    expect(found(takeMet(well, ['heartbeat of the writer'], t0 + 9_000))).toEqual([['corruption', 0.9]])
  })
})

describe('what is watched', () => {
  const asked = { criticalTables: ['users'], invariants: [] }
  const words = (m: DamageMemory, ms: number) =>
    watchWords(m, asked, times, t0 + ms).filter((line) => /log|amcheck/.test(line))
  it('is said with its figures, and what cannot be known with the reason', () => {
    let m = log(start, 0, { missing: [{ relation: 'jobs', at: null }] })
    m = takeIndex(m, 'r', at(0, { of: 2, index: 'users_pkey', result: 'sound' }))
    expect(words(m, 0)).toEqual([
      "Writer's log: broken constraints as usual, 1 missing relation named",
      'Indexes (amcheck): 1 of 2 sound',
    ])
    m = takeIndex(m, 'r', at(minute, { of: 2, index: 'big', result: { code: '57014', says: 'x' } }))
    expect(words(log(m, minute, {}, true), minute)).toEqual([
      "Writer's log: read up to 60 s ago",
      'Indexes (amcheck): 1 of 2 sound, 1 too large or locked for a check',
    ])
    const blind = missIndex(
      missLog(m, 'RDS denied the request.'),
      'The extension amcheck is not installed in this database.',
    )
    expect(words(blind, minute)).toEqual([
      "Writer's log: unknown. RDS denied the request.",
      'Indexes (amcheck): unknown. The extension amcheck is not installed in this database.',
    ])
  })
})
