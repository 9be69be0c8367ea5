import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { canonicalJson, sha256 } from '../../domain/procedure/canonical'
import { reportActionStates, reportSections, reportStates } from '../../domain/report/sections'
import { reportMoveOf } from '../../domain/report/states'
import { line, prose } from '../../domain/text-fields'
import type { Db } from '../../store/client'
import { changeIncident, lockIncident } from '../../store/incident'
import {
  addReportAction,
  changeReportAction,
  listReportActions,
  readSections,
  saveSection as save,
} from '../../store/report'
import { authorise, type CommandContext } from '../context'
import { authoriseLead, changing, numberField, personById, tell } from '../incident/on-incident'

const sectionKeys = reportSections.map(({ key }) => key) as [string, ...string[]]

export const saveSectionInput = z.object({
  number: numberField,
  key: z.enum(sectionKeys),
  version: z.number().int().min(0),
  text: prose(50_000),
})
export const setReportStateInput = z.object({
  number: numberField,
  version: z.number().int().min(1),
  to: z.enum(reportStates),
})
export const saveActionInput = z.object({
  number: numberField,
  id: z.string().max(80).nullable(),
  version: z.number().int().min(0),
  title: line(300, 'Enter what needs to be done.'),
  ownerId: z.string().nullable(),
  dueOn: z.iso.date('Give a date.').nullable(),
  state: z.enum(reportActionStates),
})

async function editable(tx: Db, context: CommandContext, number: number): Promise<void> {
  const incident = await lockIncident(tx, context.environment.name, number)
  if (incident.reportState === 'final') throw conflict('This report is final. Back to review to change it.')
}

/** Saves the next version of a section. Throws ExpectedError 'conflict' when somebody else was faster. */
export async function saveSection(
  context: CommandContext,
  input: z.output<typeof saveSectionInput>,
): Promise<{ version: number; savedAt: number }> {
  authorise(context, 'note')
  const at = context.now()
  const by = { id: context.person.id, name: context.person.name }
  const version = await changing(context, input.number, async (tx) => {
    await editable(tx, context, input.number)
    return save(tx, input.number, input.key, { version: input.version, text: input.text, at, by })
  })
  return { version, savedAt: at }
}

/** Moves the report through its review; making it final writes the digest of its words into the record. */
export async function setReportState(
  context: CommandContext,
  input: z.output<typeof setReportStateInput>,
): Promise<void> {
  authorise(context, 'note')
  await changing(context, input.number, async (tx) => {
    const incident = await lockIncident(tx, context.environment.name, input.number)
    if (incident.reportVersion !== input.version)
      throw conflict('Someone else changed the state of this report. Reload it.')
    if (incident.reportState === input.to) return
    const move = reportMoveOf(incident.reportState, input.to)
    if (!move) throw conflict('A report must be reviewed before it is published. Request review first.')
    if (move.lead) await authoriseLead(tx, context, input.number)
    await changeIncident(tx, input.number, { reportState: input.to, reportVersion: incident.reportVersion + 1 })
    await tell(tx, context, input.number, 'note', `The report is now ${input.to.replace('-', ' ')}.`, {
      from: incident.reportState,
      to: input.to,
      sha256: sha256(
        canonicalJson((await readSections(tx, input.number)).map(({ key, version, text }) => ({ key, version, text }))),
      ),
      href: `/incidents/${input.number}/report`,
    })
  })
}

/** Adds or changes an action that follows from the incident. Throws ExpectedError. */
export async function saveAction(
  context: CommandContext,
  input: z.output<typeof saveActionInput>,
): Promise<{ id: string }> {
  authorise(context, 'note')
  const id = input.id ?? randomUUID()
  await changing(context, input.number, async (tx) => {
    await editable(tx, context, input.number)
    // Somebody who has left may keep what was theirs; nobody new may be one who has left.
    const before = (await listReportActions(tx, input.number)).find((action) => action.id === id)
    const owner =
      input.ownerId === null
        ? null
        : before?.owner?.id === input.ownerId
          ? before.owner
          : await personById(tx, input.ownerId)
    const action = { id, title: input.title, owner, dueOn: input.dueOn, state: input.state }
    if (input.id === null) await addReportAction(tx, input.number, action)
    else await changeReportAction(tx, input.number, { ...action, version: input.version })
    await tell(tx, context, input.number, 'task', `Action item: ${input.title} (${input.state})`, {
      actionId: id,
      owner: owner?.name ?? null,
      dueOn: input.dueOn,
    })
  })
  return { id }
}
