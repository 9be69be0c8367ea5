import { z } from 'zod'
import { markedWords, openItems } from '../../domain/checklist/count'
import { conflict, ExpectedError, invalidField } from '../../domain/errors'
import { type Incident, updateEveryMinutes } from '../../domain/incident/incident'
import { incidentLabel } from '../../domain/incident/labels'
import { type IncidentMove, isOpen, moveOf, resolvedSentence } from '../../domain/incident/status'
import { severities } from '../../domain/incident/types'
import { line, prose } from '../../domain/text-fields'
import { countChecklist } from '../../store/checklist'
import { changeIncident, lockSeen, readIncident } from '../../store/incident'
import { recoveriesOf } from '../../store/incident-runs'
import { type EndedPages, endPages } from '../../store/page-end'
import { authorise, type CommandContext } from '../context'
import { authoriseLead, changing, numberField, reasonField, refuseMerged, tell, versionField } from './on-incident'

const seen = { number: numberField, version: versionField }
export const moveInput = z.object({
  ...seen,
  move: z.enum(['investigate', 'mitigate', 'monitor', 'resolve', 'relapse', 'reopen', 'merge']),
  /** The incident that goes on, for a merge. */
  into: numberField.nullable().default(null),
  reason: prose(500).trim().optional(),
})
export const changeSeverityInput = z.object({ ...seen, severity: z.enum(severities), reason: reasonField })
export const renameInput = z.object({ ...seen, title: line(200, 'Give it a title.') })
const mergeInput = z.object({ ...seen, into: numberField })

/** Times of moves never run backwards, whatever two clocks say. */
const afterLastMove = (context: CommandContext, incident: Pick<Incident, 'statusTimes'>): number =>
  Math.max(context.now(), incident.statusTimes.at(-1)?.at ?? 0)

/** What becomes of the pages of an incident that is over. */
function endedWords({ ending, withdrawn }: EndedPages): string {
  const named = (levels: string[]) => [...new Set(levels)].join(', ')
  return [
    ending.length > 0 ? `PagerDuty is asked to resolve the pages to ${named(ending)}.` : '',
    withdrawn.length > 0 ? `Pages to ${named(withdrawn)} canceled before they were sent.` : '',
  ]
    .filter(Boolean)
    .join(' ')
}

const illegal = (move: IncidentMove, from: string) => conflict(`Not possible while the incident is ${from} (${move}).`)

/**
 * Moves an incident along its table of moves. Resolving and reopening are for who leads; resolving while items of the
 * checklist do not hold takes a reason, which the record keeps with their number. Throws ExpectedError 'not-allowed',
 * 'invalid', and 'conflict' when the move is not legal from there or somebody else was faster.
 */
export async function moveIncident(context: CommandContext, input: z.output<typeof moveInput>): Promise<void> {
  authorise(context, 'declare')
  if (input.move === 'merge') {
    if (input.into === null) throw invalidField('into', 'Choose the incident to merge into.')
    return merge(context, { number: input.number, version: input.version, into: input.into })
  }
  await changing(context, input.number, async (tx) => {
    const incident = await lockSeen(tx, context.environment.name, input.number, input.version)
    const row = moveOf(incident.status, input.move)
    if (!row) throw illegal(input.move, incident.status)
    if (row.to === 'resolved' || row.move === 'reopen') await authoriseLead(tx, context, input.number)
    const checklist = await countChecklist(tx, input.number)
    const open = row.to === 'resolved' ? openItems(checklist) : 0
    const marked = row.to === 'resolved' ? markedWords(checklist) : ''
    if (open > 0 && !input.reason)
      throw invalidField('reason', `${open} of ${checklist.of} checks have not passed. Enter why you resolve anyway.`)
    const now = afterLastMove(context, incident)
    const pages = isOpen(row.to) ? null : await endPages(tx, incident, context.now())
    await changeIncident(tx, input.number, {
      status: row.to,
      statusTimes: [...incident.statusTimes, { status: row.to, at: now }],
      ...(row.to === 'resolved'
        ? { resolvedAt: now, nextUpdateDueAt: null }
        : row.move === 'reopen'
          ? {
              resolvedAt: null,
              nextUpdateDueAt: now + updateEveryMinutes[incident.severity] * 60_000,
              reportState: 'draft',
            }
          : {}),
    })
    const reason = input.reason ? ` ${input.reason}` : ''
    const held =
      row.to === 'resolved'
        ? { checklistHolds: checklist.passed, checklistMarked: checklist.marked, checklistOf: checklist.of }
        : {}
    const sentence = row.move === 'resolve' ? resolvedSentence(row, await recoveriesOf(tx, input.number)) : row.sentence
    await tell(tx, context, input.number, 'status', `${sentence}${reason}`, {
      from: row.from,
      to: row.to,
      detail: [
        `${row.from} → ${row.to}.`,
        open > 0 ? `${open} of ${checklist.of} checks had not passed.` : '',
        marked && `${checklist.passed} of ${checklist.of} checks had passed, ${marked}.`,
        pages ? endedWords(pages) : '',
      ]
        .filter(Boolean)
        .join(' '),
      ...held,
    })
  })
}

/** Changes the severity, with a reason. Throws ExpectedError. */
export async function changeSeverity(
  context: CommandContext,
  input: z.output<typeof changeSeverityInput>,
): Promise<void> {
  authorise(context, 'declare')
  await changing(context, input.number, async (tx) => {
    const incident = await lockSeen(tx, context.environment.name, input.number, input.version)
    await authoriseLead(tx, context, input.number)
    refuseMerged(incident)
    if (incident.severity === input.severity) return
    await changeIncident(tx, input.number, { severity: input.severity, severityReason: input.reason })
    await tell(tx, context, input.number, 'status', `${incident.severity} → ${input.severity}: ${input.reason}`, {
      severity: { from: incident.severity, to: input.severity },
    })
  })
}

export async function rename(context: CommandContext, input: z.output<typeof renameInput>): Promise<void> {
  authorise(context, 'declare')
  await changing(context, input.number, async (tx) => {
    const incident = await lockSeen(tx, context.environment.name, input.number, input.version)
    if (incident.title === input.title) return
    await changeIncident(tx, input.number, { title: input.title })
    await tell(tx, context, input.number, 'note', `Title changed from "${incident.title}" to "${input.title}".`)
  })
}

/** Ends a duplicate: the same trouble is led in another open incident, and both timelines say so. Throws ExpectedError. */
async function merge(context: CommandContext, input: z.output<typeof mergeInput>): Promise<void> {
  authorise(context, 'declare')
  if (input.into === input.number) throw invalidField('into', 'An incident cannot be merged into itself.')
  await changing(context, input.number, async (tx) => {
    const incident = await lockSeen(tx, context.environment.name, input.number, input.version)
    await authoriseLead(tx, context, input.number)
    const row = moveOf(incident.status, 'merge')
    if (!row) throw illegal('merge', incident.status)
    const target = await readIncident(tx, context.environment.name, input.into)
    if (!isOpen(target.status))
      throw conflict(`${incidentLabel(target.number)} is ${target.status}; choose an open one.`)
    if (target.kind !== incident.kind)
      throw new ExpectedError('invalid', 'A drill and a real incident cannot be merged.', {
        fields: { into: ['A drill and a real incident cannot be merged.'] },
      })
    const now = afterLastMove(context, incident)
    const pages = await endPages(tx, incident, context.now())
    await changeIncident(tx, input.number, {
      status: row.to,
      statusTimes: [...incident.statusTimes, { status: row.to, at: now }],
      mergedInto: target.number,
      nextUpdateDueAt: null,
    })
    await tell(tx, context, input.number, 'status', `${row.sentence} Continue in ${incidentLabel(target.number)}.`, {
      from: row.from,
      to: row.to,
      detail: endedWords(pages) || undefined,
      href: `/incidents/${target.number}`,
    })
    await tell(
      tx,
      context,
      target.number,
      'status',
      `${incidentLabel(incident.number)} "${incident.title}" was merged into this one.`,
      {
        href: `/incidents/${incident.number}`,
      },
    )
  })
}
