import { z } from 'zod'
import { conflict, notFound } from '../../domain/errors'
import type { Incident } from '../../domain/incident/incident'
import { incidentLabel } from '../../domain/incident/labels'
import { leadRight } from '../../domain/incident/rights'
import { isOpen } from '../../domain/incident/status'
import type { EntryKind } from '../../domain/incident/types'
import type { PersonRef } from '../../domain/people/person'
import type { RecordDraft } from '../../domain/record/chain'
import { prose } from '../../domain/text-fields'
import type { Db } from '../../store/client'
import { readRoles } from '../../store/incident'
import { findAccount } from '../../store/people'
import { appendRecord } from '../../store/record'
import { signal } from '../../store/signal'
import { inTransaction } from '../../store/transaction'
import { actorOf, type CommandContext, demand } from '../context'

/** Fields that many commands on incidents share. */
export const numberField = z.number().int().positive()
export const versionField = z.number().int().positive()
/** Made by the browser, once per thing written. */
export const keyField = z.string().min(8).max(80)
export const reasonField = prose(500).trim().min(5, 'Enter a reason (5 characters or more).')
export const draftOn = (
  context: CommandContext,
  number: number,
  kind: EntryKind,
  text: string,
  evidence?: Record<string, unknown>,
): RecordDraft => ({
  kind: `incident.${kind}`,
  actor: actorOf(context),
  text,
  incidentNumber: number,
  evidence: evidence ?? null,
})

/** An entry of the timeline, in the transaction of what it tells. */
export const tell = (
  tx: Db,
  context: CommandContext,
  ...rest: Parameters<typeof draftOn> extends [unknown, ...infer R] ? R : never
) => appendRecord(tx, context, draftOn(context, ...rest))

/** One change of an incident: all or nothing, and browsers are told afterwards. */
export async function changing<T>(context: CommandContext, number: number, act: (tx: Db) => Promise<T>): Promise<T> {
  const value = await inTransaction(context.store, act)
  await signal(context.store, { what: 'incident', id: String(number) })
  return value
}

/** Throws ExpectedError 'conflict' when it was merged away: what is written belongs to the other incident. */
export function refuseMerged(incident: Incident): void {
  if (incident.status === 'merged')
    throw conflict(`This incident was merged into ${incidentLabel(incident.mergedInto ?? 0)}. Continue there.`)
}

/** Throws ExpectedError 'conflict' when it is over: its evidence stays as it was at the end. */
export function refuseOver(incident: Incident): void {
  refuseMerged(incident)
  if (!isOpen(incident.status)) throw conflict('This incident is resolved. Reopen it to check again.')
}

/** Somebody who may sign in. Throws ExpectedError 'not-found'. */
export async function personById(tx: Db, id: string): Promise<PersonRef> {
  const account = /^[0-9a-f-]{36}$/i.test(id) ? await findAccount(tx, id) : null
  if (!account || account.disabledAt !== null) throw notFound('This person')
  return { id: account.id, name: account.name }
}

/** Leading is for commanders by role, and for whoever commands this very incident. Throws 'not-allowed'. */
export async function authoriseLead(tx: Db, context: CommandContext, number: number): Promise<void> {
  const held = (await readRoles(tx, [number])).get(number)?.find((role) => role.role === 'commander')
  demand(leadRight(context.person.role, held?.holder?.id === context.person.id))
}
