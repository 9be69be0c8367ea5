import { incidentLabel } from '../domain/incident/labels'
import { reportJson } from '../domain/report/export'
import { reportMarkdown } from '../domain/report/markdown'
import { readExcerpt } from '../store/record'
import type { ViewContext } from './context'
import { walkRecord } from './record-walk'
import { readCheckedReport } from './report'

/** The report as Markdown; the whole chain of the record is checked for it. Throws ExpectedError. */
export async function markdownReport(context: ViewContext, number: number): Promise<string> {
  const { verdict } = await walkRecord(context)
  return reportMarkdown(await readCheckedReport(context, number, verdict))
}

/** The report as JSON with its part of the record, piece by piece. Throws ExpectedError. */
export async function* jsonReport(context: ViewContext, number: number): AsyncGenerator<string> {
  const { head, verdict } = await walkRecord(context)
  const { me: _me, people: _people, rights: _rights, ...report } = await readCheckedReport(context, number, verdict)
  const exportedAt = new Date(context.now()).toISOString()
  yield* reportJson({ exportedAt, report, head, verdict }, readExcerpt(context.store, number, head.n))
}

/** What the foot of a printed report says of the record. Throws ExpectedError. */
export async function recordFoot(context: ViewContext, number: number): Promise<string> {
  const { head, verdict } = await walkRecord(context)
  // Of another environment there is no report here.
  const { incident, state } = await readCheckedReport(context, number, verdict)
  const sum = verdict.whole
    ? `Hash chain intact, ${verdict.entries} entries, ${head.hash.slice(0, 16)}`
    : 'RECORD BROKEN'
  return `${state === 'final' ? '' : 'DRAFT. '}${incidentLabel(incident.number)}. ${sum}`
}
