/**
 * What a database holds, counted exactly, so that a recovered one can be compared with what was there before. Taken from
 * the writer or, when that is away, from a reader; whatever could not be read stands in `gaps` and is unprovable later.
 * Everything is JSON: a run keeps it.
 */
export type Survey = {
  /** Database clock, ms. */
  at: number
  /** Was it read from a standby? */
  standby: boolean
  tables: TableCount[]
  /** Sequences that belong to a column, with the greatest value in that column. */
  sequences: SequenceFact[]
  slots: SlotFact[]
  /** Tables that are empty after a promotion or a restore. */
  unlogged: string[]
  extensions: { name: string; version: string }[]
  invalidIndexes: string[]
  /** Databases whose collation is of another version than the operating system's. */
  collationDrift: string[]
  /** Prepared transactions and their age, seconds: they hold locks across a failover. */
  prepared: { gid: string; ageSeconds: number }[]
  /** Indexes of the tables that amcheck looked at; null when it is not installed or not allowed. */
  indexes: { checked: number; broken: string[] } | null
  /** What the asked queries gave: the first column of the first row, as text. Absent when none was asked. */
  answers?: Answered[]
  /** Rows without the row that a foreign key of the tables names, by key. Absent when that was not asked. */
  orphans?: { key: string; table: string; rows: number }[]
  gaps: Gap[]
}

export type Answered = { name: string; value: string | null }

/** Something that could not be read, and so cannot be proved either way. */
export type Gap = { what: string; why: string }

export type TableCount = {
  table: string
  rows: number
  /** The greatest key when the key is one whole number: the range up to it is compared again later. */
  upTo: string | null
  /** Rows with a key not above `upTo`, or all; the checksum is made of exactly these, in no order. */
  within: number
  checksum: string
}

export type SequenceFact = {
  name: string
  table: string
  column: string
  /** Last value given out; null when none was. */
  last: string | null
  greatest: string | null
}

export type SlotFact = {
  name: string
  kind: 'physical' | 'logical'
  plugin: string | null
  active: boolean
  walStatus: string | null
}

/** What is asked of a survey. */
export interface SurveyRequest {
  tables: string[]
  /** The ranges of an earlier survey, so that the same rows are counted again. */
  upTo?: Record<string, string | null>
  /** Only what the catalogue says: no table and no sequence is read. */
  catalogueOnly?: boolean
  /** No table is begun after so many ms; those left become gaps. */
  withinMs?: number
  /** How long each table and each query may take, ms; a usual limit where it is not given. */
  eachMs?: number
  /** Also look through the tables' indexes, where amcheck is installed. */
  indexes?: boolean
  /** Also ask these, each in a transaction that may not write. */
  queries?: { name: string; sql: string }[]
  /** Also look for rows of the tables whose foreign keys lead nowhere. */
  orphans?: boolean
}

/** The ranges of a survey, for the one that is compared with it. */
export const rangesOf = (survey: Survey): Record<string, string | null> =>
  Object.fromEntries(survey.tables.map((t) => [t.table, t.upTo]))

/** `same` = equal contents, more rows at most; `changed` = as many rows with other contents, which a person judges. */
export type TableVerdict = {
  table: string
  verdict: 'same' | 'grown' | 'changed' | 'lost' | 'unprovable'
  /** Rows that are certainly missing. */
  lostRows: number
  says: string
}

const rows = (n: number) => `${n} ${n === 1 ? 'row' : 'rows'}`

/** Each table of the earlier survey against the same table now; `now` must have been asked with `rangesOf(before)`. */
export function compareTables(before: Survey, now: Survey, asked: string[]): TableVerdict[] {
  return asked.map((table): TableVerdict => {
    const was = before.tables.find((t) => t.table === table)
    const is = now.tables.find((t) => t.table === table)
    const unprovable = (why: string): TableVerdict => ({ table, verdict: 'unprovable', lostRows: 0, says: why })
    if (!was) return unprovable(`${table} was not counted before: ${whyNot(before, table)}`)
    if (!is) return unprovable(`${table} cannot be counted now: ${whyNot(now, table)}`)
    if (is.upTo !== was.upTo) return unprovable(`${table} was counted over another range.`)
    if (is.within < was.within) {
      const lost = was.within - is.within
      return {
        table,
        verdict: 'lost',
        lostRows: lost,
        says: `${table}: ${rows(lost)} fewer than the ${was.within} before.`,
      }
    }
    if (is.within === was.within && is.checksum === was.checksum)
      return is.rows > was.rows
        ? {
            table,
            verdict: 'grown',
            lostRows: 0,
            says: `${table}: the ${was.within} rows from before are the same, ${rows(is.rows - was.rows)} came.`,
          }
        : { table, verdict: 'same', lostRows: 0, says: `${table}: all ${was.within} rows are the same.` }
    if (was.upTo === null && is.within > was.within)
      return {
        table,
        verdict: 'grown',
        lostRows: 0,
        says: `${table}: ${rows(is.within - was.within)} came to the ${was.within} before; its key is not one number, so contents are not compared.`,
      }
    return {
      table,
      verdict: 'changed',
      lostRows: 0,
      says: `${table}: no fewer rows than the ${was.within} before, with other contents. Changes since then, or damage.`,
    }
  })
}

const whyNot = (survey: Survey, table: string) =>
  survey.gaps.find((gap) => gap.what === table)?.why ?? 'it was not asked for.'

/** Sequences that would give out a value that is taken already. */
export const sequencesBehind = (survey: Survey): SequenceFact[] =>
  survey.sequences.filter(
    ({ last, greatest }) => greatest !== null && (last === null || BigInt(last) < BigInt(greatest)),
  )

/** Slots of the earlier survey that are gone: none survives a promotion, and their consumers stall or skip. */
export const slotsMissing = (before: Pick<Survey, 'slots'>, now: Pick<Survey, 'slots'>): SlotFact[] =>
  before.slots.filter((slot) => !now.slots.some(({ name }) => name === slot.name))
