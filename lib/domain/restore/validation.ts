import { type Survey, sequencesBehind } from '../cluster/survey'
import { counted, durationWords, listWords, utcWords } from '../units'

/** A number that the business goes by, and what of it passes. */
export type BusinessQuery = {
  name: string
  sql: string
  atLeast: number | null
  atMost: number | null
  /** By how many percent it may differ from the source, damaged as it is. */
  withinPercent: number | null
}

/** One thing that was looked at on a copy. `open` could not be proved either way, and stays so in the report. */
export type Finding = { title: string; result: 'passed' | 'failed' | 'open'; says: string }

export interface Copy {
  /** To which moment it was restored, ms. */
  at: number
  /** The heartbeat that it holds, and the one that its source held. */
  beat: { at: number; seq: number } | null
  survey: Survey
}

/** What a copy is measured against. */
export interface Measured {
  /** The source when it was counted before the restore, damaged as it was; null when it could not be. */
  source: Survey | null
  criticalTables: string[]
  /** Tables that people say are damaged. */
  damaged: string[]
  queries: BusinessQuery[]
  /** Up to what the copy holds everything; "the restore point" where it is not told. */
  upTo?: string
}

const passed = (title: string, says: string): Finding => ({ title, result: 'passed', says })
const failed = (title: string, says: string): Finding => ({ title, result: 'failed', says })
const open = (title: string, says: string): Finding => ({ title, result: 'open', says })

/** The heartbeat is written every second or so; a copy whose newest is older than this missed some of them, ms. */
const lateBeatMs = 5_000

/**
 * Judges a copy by what it holds: never by statistics, which recovery resets (fault 25 of the runbook), and never without
 * comparing (fault 26). `copy.survey` was asked with the source's ranges.
 */
export function judgeCopy(copy: Copy, measured: Measured): Finding[] {
  return [restorePoint(copy), ...judgeContents(copy.survey, measured)]
}

/** What a copy holds, whatever moment it is of. */
export function judgeContents(survey: Survey, measured: Measured): Finding[] {
  return [
    ...tables(survey, measured),
    ...queries(survey, measured),
    ...orphans(survey),
    sequences(survey),
    survey.invalidIndexes.length === 0
      ? passed('Indexes', 'No index is invalid.')
      : failed('Indexes', `Invalid: ${listWords(survey.invalidIndexes)}.`),
    ...throughIndexes(survey),
    extensions(survey, measured.source),
    survey.collationDrift.length === 0
      ? passed('Collations', 'Every collation has the version of this server.')
      : failed(
          'Collations',
          `Of another version: ${listWords(survey.collationDrift)}. Its indexes on text may be wrong.`,
        ),
  ]
}

export const failures = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ result }) => result === 'failed')

/** "12 checks passed, 1 failed, 2 not provable. Indexes: ..." */
export function findingsWords(findings: readonly Finding[]): string {
  const of = (result: Finding['result']) => findings.filter((finding) => finding.result === result)
  const told = [...of('failed'), ...of('open')].map(({ title, says }) => `${title}: ${says}`)
  const counts = [
    `${counted(of('passed').length, 'check')} passed`,
    ...(of('failed').length > 0 ? [`${of('failed').length} failed`] : []),
    ...(of('open').length > 0 ? [`${of('open').length} not provable`] : []),
  ]
  return [`${counts.join(', ')}.`, ...told].join(' ')
}

function restorePoint({ at, beat }: Copy): Finding {
  const title = 'Restore point'
  if (beat === null) return open(title, 'The copy contains no heartbeat, so its restore point cannot be verified.')
  if (beat.at > at) return failed(title, `Its newest heartbeat is of ${utcWords(beat.at)}, after the restore point.`)
  const behind = `Its newest heartbeat is ${durationWords(at - beat.at)} older than the restore point.`
  return at - beat.at <= lateBeatMs
    ? passed(title, behind)
    : open(title, `${behind} More than 5 s of writes may be missing.`)
}

/** Clocks of the backup job and of the database may be this far apart, ms. */
const skewMs = 60_000

/** The moment that a loaded dump is really of, by the heartbeat in it, against what its job said. */
export function recoveryPointFinding(
  beat: Copy['beat'],
  { takenAt, by }: { takenAt: number; by: 'job' | 'upload' },
): Finding {
  const title = 'Recovery point'
  if (beat === null) return open(title, 'The backup contains no heartbeat, so its time cannot be verified.')
  const measured = `The newest heartbeat in it is of ${utcWords(beat.at)}.`
  if (by === 'upload')
    return beat.at > takenAt + skewMs
      ? failed(title, `${measured} That is after its upload at ${utcWords(takenAt)}.`)
      : passed(title, measured)
  const said = `${measured} The backup job says ${utcWords(takenAt)}.`
  if (beat.at > takenAt + skewMs) return failed(title, `${said} The backup is not of the moment that it names.`)
  return takenAt - beat.at <= skewMs
    ? passed(title, said)
    : open(title, `${said} Writes had failed before it, or it is of an older moment.`)
}

function tables(copy: Survey, { source, criticalTables, damaged, upTo = 'the restore point' }: Measured): Finding[] {
  return [...new Set([...criticalTables, ...damaged])].map((table) => {
    const title = `Table ${table}`
    const is = copy.tables.find((one) => one.table === table)
    const was = source?.tables.find((one) => one.table === table)
    const missing = (survey: Survey) => survey.gaps.find((gap) => gap.what === table)?.why ?? 'it was not counted.'
    if (!is) return failed(title, `It cannot be counted on the copy: ${missing(copy)}`)
    if (!was) {
      if (source === null) return open(title, `The copy has ${counted(is.rows, 'row')}; the source was not counted.`)
      const says = `The copy has ${counted(is.rows, 'row')}; on the source ${missing(source)}`
      return damaged.includes(table) ? passed(title, says) : open(title, says)
    }
    const rows = `The copy has ${counted(is.rows, 'row')}, the source ${was.rows}.`
    if (is.upTo !== was.upTo) return open(title, `${rows} They were counted over different ranges.`)
    const same = is.within === was.within && is.checksum === was.checksum
    if (damaged.includes(table))
      return same
        ? failed(title, `${rows} Its contents are those of the damaged source: the damage is in the copy.`)
        : passed(title, `${rows} Its contents are not those of the damaged source.`)
    if (same) return passed(title, `${rows} In the range counted before, all ${is.within} rows are the same.`)
    if (is.within < was.within)
      return passed(title, `${rows} ${counted(was.within - is.within, 'row')} of the source came after ${upTo}.`)
    return open(title, `${rows} Contents differ: rows were changed or deleted after ${upTo}, or are damaged.`)
  })
}

function queries({ answers, gaps }: Survey, { source, queries }: Measured): Finding[] {
  return queries.map(({ name, atLeast, atMost, withinPercent }) => {
    const text = answers?.find((answer) => answer.name === name)?.value ?? null
    const value = text === null || text.trim() === '' ? Number.NaN : Number(text)
    if (!Number.isFinite(value))
      return failed(
        name,
        gaps.find(({ what }) => what === name)?.why ?? `It gave ${text ?? 'nothing'}, which is no number.`,
      )
    if (atLeast !== null && value < atLeast) return failed(name, `${value}, and at least ${atLeast} passes.`)
    if (atMost !== null && value > atMost) return failed(name, `${value}, and at most ${atMost} passes.`)
    if (withinPercent === null) return passed(name, String(value))
    const before = Number(source?.answers?.find((answer) => answer.name === name)?.value ?? Number.NaN)
    if (!Number.isFinite(before)) return open(name, `${value}; the source gave no number to compare with.`)
    const off = before === 0 ? (value === 0 ? 0 : 100) : (Math.abs(value - before) / Math.abs(before)) * 100
    const says = `${value}, ${off.toFixed(1)} % off the source's ${before}`
    return off > withinPercent ? failed(name, `${says}; ${withinPercent} % passes.`) : passed(name, `${says}.`)
  })
}

function orphans({ orphans }: Survey): Finding[] {
  if (!orphans) return [open('Foreign keys', 'They were not checked.')]
  const broken = orphans.filter(({ rows }) => rows > 0)
  return broken.length > 0
    ? broken.map(({ key, table, rows }) =>
        failed('Foreign keys', `${key}: ${counted(rows, 'row')} of ${table} references are invalid.`),
      )
    : [passed('Foreign keys', `${counted(orphans.length, 'key')} checked; every reference is valid.`)]
}

function sequences(survey: Survey): Finding {
  const behind = sequencesBehind(survey)
  return behind.length === 0
    ? passed('Sequences', `${survey.sequences.length} at or above the greatest value.`)
    : failed('Sequences', `Below the greatest value: ${listWords(behind.map(({ name }) => name))}. Inserts would fail.`)
}

function throughIndexes({ indexes }: Survey): Finding[] {
  if (indexes === null) return [open('Index contents', 'amcheck is not installed, or our role may not use it.')]
  return [
    indexes.broken.length === 0
      ? passed('Index contents', `${counted(indexes.checked, 'index', 'indexes')} checked.`)
      : failed('Index contents', `Damaged: ${listWords(indexes.broken)}.`),
  ]
}

function extensions(copy: Survey, source: Survey | null): Finding {
  const title = 'Extensions'
  if (source === null) return open(title, 'Those of the source are unknown.')
  const named = (survey: Survey) => survey.extensions.map(({ name, version }) => `${name} ${version}`)
  const [is, was] = [named(copy), named(source)]
  const off = [...was.filter((one) => !is.includes(one)), ...is.filter((one) => !was.includes(one))]
  return off.length === 0 ? passed(title, `The same ${is.length}.`) : failed(title, `They differ: ${listWords(off)}.`)
}
