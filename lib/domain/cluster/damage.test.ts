/** Damage to the data: which samples make a finding, with which confidence and bounds, and which never may. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DamageRule, type DamageSign, damageConfidence, damageKinds, damageRules, findingOf } from './damage'
import {
  type DamageMemory,
  type DataCount,
  type DataLook,
  emptyDamageMemory,
  followWriter,
  productionDamageTimes as times,
} from './damage-memory'
import { aboutWriter, withDamage } from './damage-verdict'
import { chanceOf, countsNow, recallFindings, setAside, takeCount, takeLook } from './damage-watch'
import { watchWords } from './damage-words'
import type { Diagnosis } from './types'

const t0 = 1_800_000_000_000
const minute = 60_000
const at = <T>(ms: number, value: T) => ({ startedAt: t0 + ms - 10, endedAt: t0 + ms, value })
const users = (change: Partial<DataLook['tables'][number]> = {}): DataLook['tables'][number] => ({
  name: 'users',
  oid: '100',
  file: '100',
  columns: [
    { number: 1, name: 'id' },
    { number: 2, name: 'email' },
  ],
  deleted: 0,
  ...change,
})
const look = (ms: number, change: Partial<DataLook> = {}) =>
  at(ms, { checksumFailures: 0, tables: [users()], names: { '100': 'users' }, ...change })
const rows = (ms: number, n: number) =>
  at<DataCount>(ms, { tables: [{ name: 'users', result: { rows: n } }], invariants: [] })
const owners = (ms: number, broken: number) =>
  at<DataCount>(ms, { tables: [], invariants: [{ name: 'owners', result: { rows: broken } }] })
const fails = (ms: number, code: string) =>
  at<DataCount>(ms, { tables: [{ name: 'users', result: { code, says: 'It holds a damaged page.' } }], invariants: [] })

type Sampled = ReturnType<typeof look> | ReturnType<typeof rows>
const isLook = (s: Sampled): s is ReturnType<typeof look> => 'names' in s.value
const fold = (samples: Sampled[], from: DamageMemory = followWriter(emptyDamageMemory, 'w', t0, times)): DamageMemory =>
  samples.reduce((m, s) => (isLook(s) ? takeLook(m, s, times) : takeCount(m, s)), from)
const found = (m: DamageMemory) => m.findings.map(({ kind, confidence }) => [kind, confidence])

describe('deletion', () => {
  it('a dropped critical table is confirmed at once, and cannot be surer than certain', () => {
    const m = fold([look(0), look(5_000, { tables: [], names: {} })])
    expect(found(m)).toEqual([['deletion', 1]])
    expect(m.findings[0]).toMatchObject({ foundAt: t0 + 5_000, lastGoodAt: t0 - 10, firstBadAt: t0 + 5_000 })
  })

  it('a table that is renamed is missing, which alone is no finding, and ends when it is there again', () => {
    const m = fold([look(0), look(5_000, { tables: [], names: { '100': 'users_old' } })])
    expect(found(m)).toEqual([])
    expect(m.lasting.map(({ rule }) => rule)).toEqual(['relation-missing'])
    expect(fold([look(10_000)], m).lasting).toEqual([])
  })

  it('a table dropped and made anew between two looks, and a dropped column, are recognised', () => {
    expect(found(fold([look(0), look(5_000, { tables: [users({ oid: '200', file: '200' })], names: {} })]))).toEqual([
      ['deletion', 0.95],
    ])
    const fewer = users({ columns: [{ number: 1, name: 'id' }] })
    expect(found(fold([look(0), look(5_000, { tables: [fewer] })]))).toEqual([['deletion', 0.95]])
    const renamed = users({
      columns: [
        { number: 1, name: 'id' },
        { number: 2, name: 'mail' },
      ],
    })
    expect(found(fold([look(0), look(5_000, { tables: [renamed] })]))).toEqual([])
  })

  it('TRUNCATE is told from VACUUM FULL by the rows that are left, counted at once', () => {
    const anew = look(65_000, { tables: [users({ file: '101' })] })
    const m = fold([look(0), rows(1_000, 500), anew])
    expect(countsNow(m)).toBe(true)
    const truncated = fold([rows(66_000, 0)], m)
    expect(found(truncated)).toEqual([['deletion', 0.95]])
    expect(truncated.findings[0]).toMatchObject({ lastGoodAt: t0 + 990, firstBadAt: t0 + 66_000 })
    const vacuumed = fold([rows(66_000, 500)], m)
    expect(found(vacuumed)).toEqual([])
    expect(countsNow(vacuumed)).toBe(false)
    // One that cannot be counted is unknown, and is not counted at each look.
    expect(countsNow(fold([fails(66_000, '57014')], m))).toBe(false)
  })

  it('rows that are fewer by more than 1 % between counts are suspected, and a flood of deletions confirms it', () => {
    const m = fold([look(0), rows(1_000, 1_000), rows(61_000, 989)])
    expect(found(m)).toEqual([['deletion', 0.7]])
    expect(found(fold([look(0), rows(1_000, 1_000), rows(61_000, 990)]))).toEqual([])
  })

  it('a flood of deletions is no finding by itself, needs ten times the usual rate and ends below five times', () => {
    const looks = (perSecond: (ms: number) => number, until: number, m?: DamageMemory, from = 0, total = 0) => {
      let deleted = total
      const all: Sampled[] = []
      for (let ms = from; ms <= until; ms += 5_000) {
        deleted += perSecond(ms) * 5
        all.push(look(ms, { tables: [users({ deleted })] }))
      }
      return { m: fold(all, m), deleted }
    }
    const usual = looks(() => 2, 10 * minute)
    expect(usual.m.lasting).toEqual([])
    const flood = looks(() => 25, 12 * minute, usual.m, 10 * minute + 5_000, usual.deleted)
    expect(flood.m.lasting.map(({ rule }) => rule)).toEqual(['delete-rate'])
    expect(found(flood.m)).toEqual([])
    expect(found(fold([rows(12 * minute, 1_000), rows(13 * minute, 900)], flood.m))).toEqual([['deletion', 1]])
    const over = looks(() => 2, 14 * minute, flood.m, 12 * minute + 5_000, flood.deleted)
    expect(over.m.lasting).toEqual([])
    expect(looks(() => 15, 12 * minute, usual.m, 10 * minute + 5_000, usual.deleted).m.lasting).toEqual([])
  })

  it('after a failover nothing is said of rows until it has cooled down, and of a dropped table at once', () => {
    const before = fold([look(0), rows(1_000, 1_000)])
    const m = followWriter(before, 'r1', t0 + 10_000, times)
    expect(found(fold([look(11_000), rows(12_000, 900), rows(72_000, 500)], m))).toEqual([])
    expect(found(fold([look(11_000), look(16_000, { tables: [], names: {} })], m))).toEqual([['deletion', 1]])
    const cool = t0 + 10_000 + times.coolDownMs - t0
    expect(found(fold([look(11_000), rows(cool, 500), rows(cool + minute, 300)], m))).toEqual([['deletion', 0.7]])
  })

  it('no growth, and no shrinking within chance, is ever a finding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.array(fc.double({ min: -0.01, max: 3, noNaN: true }), { maxLength: 30 }),
        (start, changes) => {
          let n = start
          const samples: Sampled[] = [look(0), rows(1_000, n)]
          changes.forEach((change, i) => {
            n = Math.min(1e12, Math.ceil(n * (1 + change)))
            samples.push(rows((i + 1) * minute, n))
          })
          expect(found(fold(samples))).toEqual([])
        },
      ),
    )
  })

  it('what is chance is never less than 1 %, and grows with the spread of the usual changes', () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 5, maxLength: 60 }),
        (n, changes) => {
          const chance = chanceOf(n, changes)
          expect(chance).toBeGreaterThanOrEqual(n / 100)
          expect(
            chanceOf(
              n,
              changes.map((c) => 2 * c),
            ),
          ).toBeGreaterThanOrEqual(chance)
        },
      ),
    )
  })
})

describe('corruption', () => {
  it('a failed checksum, and a page that cannot be read, are confirmed at once, and together count once', () => {
    const m = fold([look(0, { checksumFailures: 3 }), look(5_000, { checksumFailures: 4 })])
    expect(found(m)).toEqual([['corruption', 0.9]])
    expect(m.findings[0]?.lastGoodAt).toBeNull()
    expect(found(fold([fails(6_000, 'XX001')], m))).toEqual([['corruption', 0.9]])
    expect(found(fold([look(0), fails(6_000, 'XX002')]))).toEqual([['corruption', 0.9]])
    expect(found(fold([look(0), fails(6_000, '57014')]))).toEqual([])
    // What was there before, statistics that were reset, and checksums that are off, say nothing.
    expect(
      found(fold([look(0, { checksumFailures: 3 }), look(5_000), look(10_000, { checksumFailures: null })])),
    ).toEqual([])
  })

  it('an invariant must fail twice in a row; the bounds are its last success and its first failure', () => {
    expect(found(fold([owners(0, 0), owners(minute, 3), owners(2 * minute, 0), owners(3 * minute, 1)]))).toEqual([])
    const m = fold([owners(0, 0), owners(minute, 3), owners(2 * minute, 3)])
    expect(found(m)).toEqual([['corruption', 0.6]])
    expect(m.findings[0]).toMatchObject({ lastGoodAt: t0 - 10, firstBadAt: t0 + minute, foundAt: t0 + 2 * minute })
    expect(found(fold([look(2 * minute + 1, { checksumFailures: 0 }), fails(2 * minute + 2, 'XX001')], m))).toEqual([
      ['corruption', 1],
    ])
  })
})

describe('a finding', () => {
  const sign = fc.record({
    rule: fc.constantFrom(...(Object.keys(damageRules) as DamageRule[])),
    subject: fc.constantFrom('a', 'b', 'c'),
    says: fc.constant('x'),
    lastGoodAt: fc.option(fc.nat(1000)),
    firstBadAt: fc.integer({ min: 1001, max: 9000 }),
  })
  it('stays, never becomes less sure, and only widens its bounds, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...damageKinds),
        fc.array(fc.array(sign, { maxLength: 4 }), { maxLength: 6 }),
        (kind, rounds) => {
          let finding: ReturnType<typeof findingOf> = null
          rounds.forEach((signs: DamageSign[], i) => {
            const next = findingOf(kind, finding, signs, 10_000 + i)
            if (finding) {
              expect(next?.foundAt).toBe(finding.foundAt)
              expect(next?.confidence).toBeGreaterThanOrEqual(finding.confidence)
              expect(next?.firstBadAt).toBeLessThanOrEqual(finding.firstBadAt)
              expect(next?.lastGoodAt ?? -1).toBeLessThanOrEqual(finding.lastGoodAt ?? -1)
            } else if (next) expect(damageConfidence(kind, next.signs)).toBeGreaterThanOrEqual(0.6)
            finding = next
          })
        },
      ),
    )
  })

  it('is recalled from the store, together with what was found since', () => {
    const old = fold([owners(0, 0), owners(minute, 3), owners(2 * minute, 3)]).findings
    const m = recallFindings(fold([look(5 * minute), fails(6 * minute, 'XX001')]), old)
    expect(m.findings).toMatchObject([{ foundAt: t0 + 2 * minute, confidence: 1, lastGoodAt: null }])
    expect(recallFindings(emptyDamageMemory, old).findings).toEqual(old)
  })

  it('that is dismissed is not made again of the same, and is of something new', () => {
    const dropped = fold([look(0), look(5_000, { tables: [], names: {} })])
    const after = setAside(dropped, 'deletion', t0 + 6_000)
    expect(found(fold([look(10_000, { tables: [], names: {} })], after))).toEqual([])
    // Made again it is watched again.
    const again = fold([look(15_000, { tables: [users({ oid: '300' })], names: {} })], after)
    expect(found(fold([look(20_000, { tables: [], names: {} })], again))).toEqual([['deletion', 1]])

    const broken = setAside(
      fold([owners(0, 0), owners(minute, 3), owners(2 * minute, 3)]),
      'corruption',
      t0 + 2 * minute,
    )
    expect(found(fold([owners(3 * minute, 3), owners(4 * minute, 4)], broken))).toEqual([])
    expect(found(fold([owners(3 * minute, 0), owners(4 * minute, 4), owners(5 * minute, 4)], broken))).toEqual([
      ['corruption', 0.6],
    ])

    const page = setAside(fold([look(0), fails(1_000, 'XX001')]), 'corruption', t0 + 1_000)
    expect(found(fold([look(6_000, { checksumFailures: 1 }), fails(61_000, 'XX001')], page))).toEqual([])
    expect(found(fold([rows(61_000, 5), fails(121_000, 'XX001')], page))).toEqual([['corruption', 0.9]])
  })
})

describe('the verdict', () => {
  const writer = (change: Partial<Diagnosis> = {}): Diagnosis => ({
    kind: 'primary-down',
    certainty: 'confirmed',
    confidence: 1,
    headline: 'The writer does not respond',
    detail: '',
    since: t0,
    scenario: 'S1',
    recommend: true,
    confirmsAt: null,
    held: null,
    evidence: ['endpoint: fail'],
    ...change,
  })

  it('damage takes precedence over a writer that is down, which is said besides and stays known', () => {
    const { findings } = fold([look(0), look(5_000, { tables: [], names: {} })])
    const shown = withDamage(writer(), findings, ['Not watched: indexes'])
    expect(shown).toMatchObject({
      kind: 'deletion',
      scenario: 'S4',
      certainty: 'confirmed',
      recommend: true,
      since: t0 + 5_000,
    })
    expect(shown.headline).toBe('The critical table users was dropped. 1 more sign.')
    expect(shown.detail).toMatch(/^Last known good: .* First known bad: .* Also: The writer does not respond\.$/)
    expect(shown.evidence).toContain('Not watched: indexes')
    expect(aboutWriter(shown)).toEqual(writer())
  })

  it('one that is only suspected recommends nothing; without damage the verdict is the writer’s', () => {
    const { findings } = fold([look(0), rows(1_000, 1_000), rows(61_000, 900)])
    expect(withDamage(writer(), findings, [])).toMatchObject({
      certainty: 'suspected',
      recommend: false,
      confidence: 0.7,
    })
    expect(withDamage(writer(), [], [])).toEqual(writer())
  })

  it('says what is watched and what is not', () => {
    const asked = { criticalTables: ['users'], invariants: [] }
    expect(watchWords(fold([look(0), rows(1_000, 5)]), asked, times, t0 + 1_000)).toEqual([
      'Critical tables: 1 of 1 counted',
      'Data page checksums: 0 failed since the statistics were reset',
      "Writer's log: not read yet",
      'Indexes (amcheck): not checked now',
      'Not watched: invariants (none is configured)',
    ])
    expect(watchWords(emptyDamageMemory, asked, times, t0)[0]).toBe('Critical tables: not counted now')
  })
})
