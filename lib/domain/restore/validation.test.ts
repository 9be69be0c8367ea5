import { describe, expect, test } from 'vitest'
import type { Survey, TableCount } from '../cluster/survey'
import { type BusinessQuery, failures, findingsWords, judgeCopy, type Measured } from './validation'

const at = Date.parse('2026-11-29T11:00:00Z')
const users: TableCount = { table: 'users', rows: 500, upTo: '500', within: 500, checksum: '1' }
const castings: TableCount = { table: 'castings', rows: 2000, upTo: '2000', within: 2000, checksum: '2' }
const survey = (more: Partial<Survey> = {}): Survey => ({
  at,
  standby: false,
  tables: [users, castings],
  sequences: [{ name: 'users_id_seq', table: 'users', column: 'id', last: '500', greatest: '500' }],
  slots: [],
  unlogged: [],
  extensions: [{ name: 'plpgsql', version: '1.0' }],
  invalidIndexes: [],
  collationDrift: [],
  prepared: [],
  indexes: { checked: 3, broken: [] },
  answers: [{ name: 'Users', value: '500' }],
  orphans: [{ key: 'castings_owner', table: 'castings', rows: 0 }],
  gaps: [],
  ...more,
})
const query: BusinessQuery = { name: 'Users', sql: 'SELECT 1', atLeast: 1, atMost: null, withinPercent: null }
/** The source has lost 1200 castings. */
const damaged = { ...castings, rows: 800, within: 800, checksum: '9' }
const source = survey({ tables: [users, damaged] })
const measured: Measured = {
  source,
  criticalTables: ['users', 'castings'],
  damaged: ['castings'],
  queries: [query],
}
const beat = { at: at - 900, seq: 10 }
const judge = (more: Partial<Survey> = {}, by: Partial<Measured> = {}, of: typeof beat | null = beat) =>
  judgeCopy({ at, beat: of, survey: survey(more) }, { ...measured, ...by })
const failing = (...args: Parameters<typeof judge>) => failures(judge(...args)).map(({ title }) => title)

describe('a copy', () => {
  test('that holds what it must passes every check', () => {
    expect(judge().map(({ title, result }) => `${title} ${result}`)).toEqual([
      'Restore point passed',
      'Table users passed',
      'Table castings passed',
      'Users passed',
      'Foreign keys passed',
      'Sequences passed',
      'Indexes passed',
      'Index contents passed',
      'Extensions passed',
      'Collations passed',
    ])
    expect(findingsWords(judge())).toBe('10 checks passed.')
  })

  test.each<[string, Partial<Survey>, string]>([
    ['that has the contents of the damaged source', { tables: [users, damaged] }, 'Table castings'],
    [
      'that lacks a table',
      { tables: [castings], gaps: [{ what: 'users', why: 'there is no such table.' }] },
      'Table users',
    ],
    ['whose rows lead nowhere', { orphans: [{ key: 'k', table: 'castings', rows: 3 }] }, 'Foreign keys'],
    [
      'whose sequence lags',
      { sequences: [{ name: 's', table: 'users', column: 'id', last: '499', greatest: '500' }] },
      'Sequences',
    ],
    ['with an invalid index', { invalidIndexes: ['users_email'] }, 'Indexes'],
    ['with a damaged index', { indexes: { checked: 2, broken: ['users_email'] } }, 'Index contents'],
    ['with another extension', { extensions: [{ name: 'plpgsql', version: '1.1' }] }, 'Extensions'],
    ['with another collation', { collationDrift: ['castmatch'] }, 'Collations'],
    ['whose business query gives too little', { answers: [{ name: 'Users', value: '0' }] }, 'Users'],
    ['whose business query gives no number', { answers: [{ name: 'Users', value: '' }] }, 'Users'],
    ['whose business query failed', { answers: [], gaps: [{ what: 'Users', why: 'it took too long.' }] }, 'Users'],
  ])('%s fails there and nowhere else', (_name, more, title) => {
    expect(failing(more)).toEqual([title])
  })

  test('with a heartbeat after the point fails, and with an old one or none stays open', () => {
    expect(failing({}, {}, { at: at + 1, seq: 11 })).toEqual(['Restore point'])
    expect(judge({}, {}, { at: at - 6_000, seq: 1 })[0]).toMatchObject({ result: 'open' })
    expect(judge({}, {}, null)[0]).toMatchObject({ result: 'open' })
  })

  test('that lacks what the source got after the point passes, and says how much', () => {
    const later = { ...users, rows: 520, upTo: '520', within: 520, checksum: '5' }
    const now = { ...users, upTo: '520' }
    const [, found] = judge({ tables: [now, castings] }, { source: survey({ tables: [later, damaged] }) })
    expect(found).toMatchObject({ result: 'passed', says: expect.stringContaining('20 rows of the source came after') })
  })

  test('whose undamaged table has other contents in the same range stays open', () => {
    const [, found] = judge({ tables: [{ ...users, checksum: '7' }, castings] })
    expect(found).toMatchObject({ title: 'Table users', result: 'open' })
  })

  test('brings a table back that the source has lost', () => {
    const lost = survey({ tables: [users], gaps: [{ what: 'castings', why: 'there is no such table.' }] })
    expect(judge({}, { source: lost })[2]).toMatchObject({ title: 'Table castings', result: 'passed' })
  })

  test('without a counted source leaves open what only a comparison would prove', () => {
    const found = judge({}, { source: null })
    expect(failures(found)).toEqual([])
    expect(found.filter(({ result }) => result === 'open').map(({ title }) => title)).toEqual([
      'Table users',
      'Table castings',
      'Extensions',
    ])
  })

  test.each([
    [5, '490', []],
    [1, '490', ['Users']],
  ])('may be %s %% off the source in what the business counts', (withinPercent, value, failed) => {
    expect(failing({ answers: [{ name: 'Users', value }] }, { queries: [{ ...query, withinPercent }] })).toEqual(failed)
  })
})
