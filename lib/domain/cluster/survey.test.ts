import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareTables, type Survey, sequencesBehind, slotsMissing, type TableCount } from './survey'

const survey = (more: Partial<Survey> = {}): Survey => ({
  at: 0,
  standby: false,
  tables: [],
  sequences: [],
  slots: [],
  unlogged: [],
  extensions: [],
  invalidIndexes: [],
  collationDrift: [],
  prepared: [],
  indexes: null,
  gaps: [],
  ...more,
})
const table = (more: Partial<TableCount> = {}): TableCount => ({
  table: 'users',
  rows: 500,
  upTo: '500',
  within: 500,
  checksum: '9',
  ...more,
})
const verdict = (was: Partial<TableCount> | null, is: Partial<TableCount> | null) =>
  compareTables(
    survey({ tables: was ? [table(was)] : [], gaps: [{ what: 'users', why: 'it was away.' }] }),
    survey({ tables: is ? [table(is)] : [], gaps: [{ what: 'users', why: 'no right to read it.' }] }),
    ['users'],
  )[0]

describe('tables before and after a recovery', () => {
  it('are the same when the same range has the same contents, whatever came behind it', () => {
    expect(verdict({}, {})).toMatchObject({ verdict: 'same' })
    expect(verdict({}, { rows: 503 })).toMatchObject({
      verdict: 'grown',
      says: 'users: the 500 rows from before are the same, 3 rows came.',
    })
  })

  it('have lost rows when the range has fewer, even when the table has more', () => {
    expect(verdict({}, { rows: 600, within: 498 })).toMatchObject({ verdict: 'lost', lostRows: 2 })
  })

  it('have changed when the same range says something else', () => {
    expect(verdict({}, { checksum: '8' })).toMatchObject({ verdict: 'changed' })
  })

  it('without a numeric key are compared by their rows, and by contents while none came', () => {
    const keyless = { upTo: null }
    expect(verdict(keyless, keyless)).toMatchObject({ verdict: 'same' })
    expect(verdict(keyless, { ...keyless, checksum: '8' })).toMatchObject({ verdict: 'changed' })
    expect(verdict(keyless, { ...keyless, rows: 501, within: 501, checksum: '8' })).toMatchObject({ verdict: 'grown' })
    expect(verdict(keyless, { ...keyless, rows: 499, within: 499 })).toMatchObject({ verdict: 'lost', lostRows: 1 })
  })

  it('are unprovable, with the reason, when they were not counted on both sides', () => {
    expect(verdict(null, {})).toMatchObject({ verdict: 'unprovable', says: expect.stringContaining('it was away') })
    expect(verdict({}, null)).toMatchObject({ verdict: 'unprovable', says: expect.stringContaining('no right') })
    expect(verdict({}, { upTo: '400' })).toMatchObject({ verdict: 'unprovable' })
  })

  it('never count as whole when a row of the range is missing', () => {
    const counts = fc.record({ within: fc.nat(1000), more: fc.nat(50), checksum: fc.constantFrom('1', '2') })
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const was = { within: a.within, rows: a.within + a.more, checksum: a.checksum }
        const is = { within: b.within, rows: b.within + b.more, checksum: b.checksum }
        const found = verdict(was, is)?.verdict
        if (b.within < a.within) expect(found).toBe('lost')
        else expect(found).not.toBe('lost')
        if (found === 'same') expect(b).toMatchObject({ within: a.within, checksum: a.checksum })
      }),
    )
  })
})

describe('what does not survive a promotion', () => {
  it('a sequence behind its column would give out a taken value', () => {
    const fact = (last: string | null, greatest: string | null) => ({
      name: 's',
      table: 'users',
      column: 'id',
      last,
      greatest,
    })
    const behind = (last: string | null, greatest: string | null) =>
      sequencesBehind(survey({ sequences: [fact(last, greatest)] })).length
    expect([behind('500', '500'), behind('532', '500'), behind(null, null)]).toEqual([0, 0, 0])
    expect([behind('499', '500'), behind(null, '1'), behind('9', '9007199254740993')]).toEqual([1, 1, 1])
  })

  it('slots that are gone are named', () => {
    const slot = (name: string) => ({
      name,
      kind: 'logical' as const,
      plugin: 'pgoutput',
      active: true,
      walStatus: null,
    })
    expect(slotsMissing({ slots: [slot('cdc'), slot('b')] }, { slots: [slot('b')] })).toEqual([slot('cdc')])
  })
})
