/**
 * What a PostgreSQL server writes into its log, as far as it tells of damage. The text quotes statements and data: only numbers, names
 * of relations and error codes leave this file.
 */

/** A place in one of the log files of a node, as the managed API names both. */
export interface LogPlace {
  file: string
  marker: string
}

/** A part of a node's log. Without text from before: the place is the log's end. */
export interface LogPart {
  text: string
  next: LogPlace
  /** There is more already than one part holds. */
  more: boolean
}

export interface LogTally {
  /** Statements that broke a constraint (SQLSTATE 23...). */
  violations: number
  /** Statements that named a relation that does not exist (42P01). */
  missing: { relation: string; at: number | null }[]
  /** Damaged pages and indexes that a statement met (XX001, XX002). `at`: ms on the server's clock. */
  damaged: { code: string; subject: string; at: number | null }[]
}

export const emptyTally: LogTally = { violations: 0, missing: [], damaged: [] }

/** Whose statements count: those in our database, and none of our own probes. */
interface LogScope {
  database: string
  ownUser: string
}

const severities =
  'DEBUG[1-5]|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION|BACKTRACE'
/** An entry begins with its time; what goes on in the lines below it is indented. The first severity governs the line. */
const entry = new RegExp(
  `^(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?) ([\\w+-]{0,6})([ :].{0,300}?)?(${severities}): {1,2}(?:([0-9A-Z]{5}): )?(.*)$`,
)

/** Messages by which a server without SQLSTATEs in its log tells the same; English, as RDS writes them. */
const byMessage: readonly (readonly [RegExp, string])[] = [
  [/ violates (unique|foreign key|not-null|check|exclusion) constraint "/, '23000'],
  [/^relation "[^"]+" does not exist/, '42P01'],
  [/^invalid page in block \d+ of relation /, 'XX001'],
  [/^page verification failed, /, 'XX001'],
  [/^could not read blocks? \d+(\.\.\d+)? in file ".*": read only /, 'XX001'],
  [/^(missing|unexpected) chunk number /, 'XX001'],
  [/^found (xmin|xmax|multixact|update xid) .* from before rel(frozenxid|minmxid) /, 'XX001'],
  [/^(item order|cross page item order|high key) invariant violated for index "/, 'XX002'],
  [/^index "[^"]+" contains (unexpected zero page|corrupted page)/, 'XX002'],
  [/^failed to re-find parent key in index "/, 'XX002'],
  [/ lacks matching index tuple within index "/, 'XX002'],
]

const stateOf = (prefix: string, verbose: string | undefined, message: string): string | null =>
  verbose ??
  // By the prefix that RDS offers with %e: ...:[pid]:line:SQLSTATE:...
  /\[\d+\]:\d+:([0-9A-Z]{5}):/.exec(prefix)?.[1] ??
  byMessage.find(([pattern]) => pattern.test(message))?.[1] ??
  null

/** Names and numbers alone. */
function subjectOf(message: string): string {
  const block = /\bblocks? (\d+)/.exec(message)?.[1]
  const of =
    /\brelation ([\w/.]+)/.exec(message)?.[1] ??
    /\bindex "([^"]{1,63})"/.exec(message)?.[1] ??
    /\bin file "([\w/.]+)"/.exec(message)?.[1]
  if (of === undefined) return 'a data page'
  return block === undefined ? of : `block ${block} of ${of}`
}

/** Whole lines of a log. Another zone than UTC makes a time unknown. */
export function tallyLog(text: string, { database, ownUser }: LogScope): LogTally {
  const tally: LogTally = { violations: 0, missing: [], damaged: [] }
  for (const line of text.split('\n')) {
    const [, time = '', zone = '', prefix = '', severity = '', verbose, message = ''] = entry.exec(line) ?? []
    const failed = severity === 'ERROR' || severity === 'FATAL' || severity === 'PANIC'
    if (!failed && severity !== 'WARNING') continue
    const code = stateOf(prefix, verbose, message)
    if (code === null) continue
    const at = /^(UTC|GMT)\b/.test(zone) ? Date.parse(`${time.replace(' ', 'T')}Z`) : null
    if (code === 'XX001' || code === 'XX002') {
      tally.damaged.push({ code, subject: subjectOf(message), at })
      continue
    }
    const [, user, inDatabase] = /([^\s:@]+)@([^\s:@]+)/.exec(`${zone}${prefix}`) ?? []
    if (!failed || user === ownUser || (inDatabase !== undefined && inDatabase !== database)) continue
    if (code.startsWith('23')) tally.violations += 1
    const relation = code === '42P01' ? /^relation "([^"]{1,127})" does not exist/.exec(message)?.[1] : undefined
    if (relation !== undefined) tally.missing.push({ relation, at })
  }
  return tally
}
