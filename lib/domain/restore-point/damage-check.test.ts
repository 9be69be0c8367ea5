// The question by which the damage was found, asked of a temporary copy: its answer, or why there is none.
import { describe, expect, it } from 'vitest'
import { type DamageCheck, judgeDamage, queryProblem, questionsOf } from './damage-check'

const answers = (check: DamageCheck, ...values: (string | null)[]) =>
  judgeDamage(check, {
    answers: questionsOf(check).flatMap(({ name }, i) => (values[i] === undefined ? [] : [{ name, value: values[i] }])),
    gaps: questionsOf(check).flatMap(({ name }, i) =>
      values[i] === undefined ? [{ what: name, why: 'it was cancelled.' }] : [],
    ),
  }).verdict

describe('a copy is damaged', () => {
  it('when the table is missing', () => {
    const check: DamageCheck = { kind: 'table-missing', table: 'public.bookings' }
    expect(questionsOf(check)[0]?.sql).toBe("SELECT to_regclass('public.bookings') IS NULL")
    expect([answers(check, 'true'), answers(check, 'false'), answers(check)]).toEqual(['damaged', 'sound', 'unknown'])
  })
  it('when the table has too few rows, or is missing', () => {
    const check: DamageCheck = { kind: 'too-few-rows', table: 'bookings', atLeast: 100 }
    expect(answers(check, 'false', '99')).toBe('damaged')
    expect(answers(check, 'false', '100')).toBe('sound')
    expect(answers(check, 'true')).toBe('damaged')
    expect(answers(check, 'false')).toBe('unknown')
  })
  it('when a figure of the business is outside its limits', () => {
    const check: DamageCheck = { kind: 'figure', name: 'Users', sql: 'SELECT 1', atLeast: 10, atMost: null }
    expect([answers(check, '9'), answers(check, '10'), answers(check, null), answers(check)]).toEqual([
      'damaged',
      'sound',
      'unknown',
      'unknown',
    ])
  })
  it('when a row breaks an invariant', () => {
    const check: DamageCheck = { kind: 'invariant', name: 'Every casting has an owner', sql: 'SELECT id FROM castings' }
    expect([answers(check, '1'), answers(check, '0')]).toEqual(['damaged', 'sound'])
  })
  it('when a query that a person typed says so', () => {
    const check: DamageCheck = { kind: 'query', sql: 'SELECT count(*) FROM castings WHERE title IS NULL' }
    expect(['true', '3', '-1', 't'].map((value) => answers(check, value))).toEqual(Array(4).fill('damaged'))
    expect(['false', '0', '0.0', 'f', null].map((value) => answers(check, value))).toEqual(Array(5).fill('sound'))
    expect(answers(check, 'perhaps')).toBe('unknown')
    expect(answers(check)).toBe('unknown')
  })
})

it('why there is no answer is said', () => {
  const check: DamageCheck = { kind: 'query', sql: 'SELECT 1' }
  expect(
    judgeDamage(check, { answers: [], gaps: [{ what: 'Query', why: 'it took longer than 60 s.' }] }).says,
  ).toContain('it took longer than 60 s.')
})

it.each([
  ['SELECT 1', null],
  ['  with x as (select 1) select * from x;  ', null],
  ['TABLE castings', null],
  ['', 'Enter a query.'],
  ['DELETE FROM castings', expect.stringContaining('SELECT')],
  ['SELECT 1; COMMIT; DELETE FROM castings', expect.stringContaining('one statement')],
  [`SELECT '${'x'.repeat(2001)}'`, expect.stringContaining('2000')],
])('a typed query is one that only reads: %s', (sql, problem) => {
  expect(queryProblem(sql)).toEqual(problem)
})
