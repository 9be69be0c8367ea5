/*
 * A view is asked by pages, exports and programs alike: it takes all that it reads by in its context, and who looks is part of
 * that. Nothing of the web is needed here, and what somebody may not see or do is decided by the view itself.
 */
import { expect, it } from 'vitest'
import type { CommandContext } from '../commands/context'
import { code, peopleOf, start } from '../commands/testing/people-in-an-incident'
import { leastLab } from '../config/testing/lab'
import { databasePerTest } from '../store/testing/database'
import { readAuditTrail } from './audit'
import type { ViewContext } from './context'
import { readIncidentFor } from './incident'
import { walkRecord } from './record-walk'
import { jsonReport } from './report-files'
import { viewSource } from './testing/source'

const database = databasePerTest()
const { open, someone } = peopleOf(database)
const seenBy = ({ person }: CommandContext, environment = leastLab()): ViewContext => ({
  ...viewSource(database().web, { environment, now: () => start }),
  person,
})

it('an incident is read with the rights of who looks, and does not exist in another environment', async () => {
  const [commander, viewer] = [await someone('commander'), await someone('viewer')]
  const { number } = await open(commander)
  const lead = await readIncidentFor(seenBy(commander), number)
  const look = await readIncidentFor(seenBy(viewer), number)
  expect([lead.number, lead.rights.write.allowed, look.rights.write.allowed]).toEqual([number, true, false])
  const elsewhere = seenBy(commander, leastLab({ name: 'other' }))
  expect(await code(readIncidentFor(elsewhere, number))).toBe('not-found')
})

it('the audit trail is refused to whoever may not see it, whoever asks for them', async () => {
  const query = { part: null, search: '', incident: null, before: null }
  expect(await code(readAuditTrail(seenBy(await someone('viewer')), query))).toBe('not-allowed')
  expect(await code(readAuditTrail(seenBy(await someone('admin')), query))).toBe('done')
})

it('an export contains the incident by its number and a record that was checked whole', async () => {
  const commander = await someone('commander')
  const { number } = await open(commander)
  const context = seenBy(commander)
  let text = ''
  for await (const piece of jsonReport(context, number)) text += piece
  const { report } = JSON.parse(text) as { report: { incident: { number: number }; record: { whole: boolean } } }
  expect([report.incident.number, report.record.whole]).toEqual([number, true])
  expect(await walkRecord(context)).toMatchObject({ verdict: { whole: true } })
})
