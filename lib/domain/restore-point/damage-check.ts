import type { Answered, Gap } from '../cluster/survey'

/** A question of which the answer tells whether the damage is in a database. */
export type DamageCheck =
  | { kind: 'table-missing'; table: string }
  | { kind: 'too-few-rows'; table: string; atLeast: number }
  /** A configured figure of the business, with what passes. */
  | { kind: 'figure'; name: string; sql: string; atLeast: number | null; atMost: number | null }
  /** A configured query whose every row is wrong. */
  | { kind: 'invariant'; name: string; sql: string }
  /** Typed by a person: true, or a number other than 0, while the damage is there. */
  | { kind: 'query'; sql: string }

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
const missing = (table: string) => ({
  name: `${table} is missing`,
  sql: `SELECT to_regclass(${literal(table)}) IS NULL`,
})
const typed = 'Query'
const longest = 2000

/** Without the semicolon that ends it. */
const bareQuery = (sql: string): string => sql.trim().replace(/;\s*$/, '')

/** Why a query that a person typed is not taken; null when it is. The server lets none of them write, whatever they say. */
export function queryProblem(sql: string): string | null {
  const bare = bareQuery(sql)
  if (bare === '') return 'Enter a query.'
  if (bare.length > longest) return `At most ${longest} characters.`
  if (!/^(select|with|table|values)\b/i.test(bare)) return 'Enter a query that begins with SELECT or WITH.'
  return bare.includes(';') ? 'Enter one statement, without semicolons inside it.' : null
}

/** What is asked, each in a transaction of its own that may not write; later ones only tell something if those before do. */
export function questionsOf(check: DamageCheck): { name: string; sql: string }[] {
  switch (check.kind) {
    case 'table-missing':
      return [missing(check.table)]
    case 'too-few-rows':
      return [missing(check.table), { name: `Rows of ${check.table}`, sql: `SELECT count(*) FROM ${check.table}` }]
    case 'figure':
      return [{ name: check.name, sql: check.sql }]
    case 'invariant':
      return [
        { name: check.name, sql: `SELECT count(*) FROM (SELECT FROM (\n${check.sql}\n) AS broken LIMIT 1) AS found` },
      ]
    case 'query':
      return [{ name: typed, sql: bareQuery(check.sql) }]
  }
}

/** The check in words, for people who approve it. */
export function checkWords(check: DamageCheck): string {
  switch (check.kind) {
    case 'table-missing':
      return `Damaged when table ${check.table} is missing.`
    case 'too-few-rows':
      return `Damaged when table ${check.table} has fewer than ${check.atLeast} rows, or is missing.`
    case 'figure':
      return `Damaged when "${check.name}" is outside its limits (${check.atLeast ?? 'any'} to ${check.atMost ?? 'any'}).`
    case 'invariant':
      return `Damaged when a row breaks "${check.name}".`
    case 'query':
      return `Damaged when this query returns true or a number other than 0: ${bareQuery(check.sql)}`
  }
}

type Judged = { verdict: 'sound' | 'damaged' | 'unknown'; says: string }

const sound = (says: string): Judged => ({ verdict: 'sound', says })
const damaged = (says: string): Judged => ({ verdict: 'damaged', says })

/** What the answers say of the database that gave them. */
export function judgeDamage(check: DamageCheck, { answers, gaps }: { answers?: Answered[]; gaps: Gap[] }): Judged {
  const [first, second] = questionsOf(check)
  const answerTo = (question: { name: string } | undefined) =>
    answers?.find(({ name }) => name === question?.name)?.value ?? null
  const unknown = (question: { name: string } | undefined): Judged => {
    const why = gaps.find(({ what }) => what === question?.name)?.why ?? 'the answer is empty.'
    return { verdict: 'unknown', says: `Unknown whether the damage is there: ${why}` }
  }
  const answered = answers?.some(({ name }) => name === first?.name) ?? false
  const value = answerTo(first)
  if (!answered) return unknown(first)
  switch (check.kind) {
    case 'table-missing':
      return value === 'true' ? damaged(`Table ${check.table} is missing.`) : sound(`Table ${check.table} exists.`)
    case 'too-few-rows': {
      if (value === 'true') return damaged(`Table ${check.table} is missing.`)
      const rows = answerTo(second)
      if (rows === null) return unknown(second)
      const says = `Table ${check.table} has ${rows} rows; ${check.atLeast} are expected.`
      return Number(rows) < check.atLeast ? damaged(says) : sound(says)
    }
    case 'figure': {
      const figure = value === null ? Number.NaN : Number(value)
      if (Number.isNaN(figure)) return unknown(first)
      const inside =
        (check.atLeast === null || figure >= check.atLeast) && (check.atMost === null || figure <= check.atMost)
      return (inside ? sound : damaged)(`${check.name}: ${value}.`)
    }
    case 'invariant':
      return value === '0' ? sound(`No row breaks "${check.name}".`) : damaged(`A row breaks "${check.name}".`)
    case 'query':
      return ofQuery(value)
  }
}

function ofQuery(value: string | null): Judged {
  if (value === null || ['false', 'f'].includes(value)) return sound(`The query returned ${value ?? 'nothing'}.`)
  if (['true', 't'].includes(value)) return damaged('The query returned true.')
  const figure = Number(value)
  if (value.trim() === '' || Number.isNaN(figure))
    return { verdict: 'unknown', says: 'The query returned neither true or false nor a number.' }
  return figure === 0 ? sound('The query returned 0.') : damaged(`The query returned ${value}.`)
}
