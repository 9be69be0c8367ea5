import type { Incident } from '../domain/incident/incident'
import type { PageView, UpdateView } from '../domain/incident/view'
import type { OutgoingMessage } from '../domain/outbox'
import { followUpId, pageMessageId, retryAfterSeconds, triesOf } from '../domain/outbox'
import type { PersonRef } from '../domain/people/person'
import type { Db } from './client'

/** The incident that a page, an update or a message belongs to, and its environment. */
export type Of = Pick<Incident, 'number' | 'environment'>
type NewPage = Pick<PageView, 'id' | 'level' | 'channel' | 'message' | 'askedBy' | 'askedAt'>
type OutboxRow = NonNullable<Awaited<ReturnType<Db['outbox']['findUnique']>>>

export async function addPage(tx: Db, { number, environment }: Of, page: NewPage): Promise<void> {
  await tx.page.create({
    data: {
      id: page.id,
      environment,
      number,
      level: page.level,
      channel: page.channel,
      message: page.message,
      askedById: page.askedBy.id,
      askedByName: page.askedBy.name,
      askedAt: new Date(page.askedAt),
    },
  })
}

/** The level and incident of a page of this environment when it was not acknowledged before; null otherwise. */
export async function acknowledgePage(
  tx: Db,
  environment: string,
  id: string,
  by: string,
  now: number,
): Promise<{
  number: number
  level: PageView['level']
  channel: string
  askedAt: number
  endedAt: number | null
} | null> {
  const { count } = await tx.page.updateMany({
    where: { id, environment, acknowledgedAt: null },
    data: { acknowledgedAt: new Date(now), acknowledgedBy: by },
  })
  const row = count ? await tx.page.findUnique({ where: { id } }) : null
  return (
    row && {
      number: row.number,
      level: row.level as PageView['level'],
      channel: row.channel,
      askedAt: row.askedAt.getTime(),
      endedAt: row.endedAt?.getTime() ?? null,
    }
  )
}

export async function findPage(db: Db, environment: string, id: string): Promise<{ number: number } | null> {
  return db.page.findUnique({ where: { id, environment }, select: { number: true } })
}

/** Pages of an incident, newest first. */
export async function listPages(db: Db, number: number): Promise<PageView[]> {
  const rows = await db.page.findMany({ where: { number }, orderBy: { askedAt: 'desc' }, take: 100 })
  const sent = await db.outbox.findMany({ where: { about: { in: rows.map(({ id }) => id) } } })
  return rows.map((row) => {
    const out = sent.find(({ id }) => id === pageMessageId(row.id))
    const tellings = ['resolve', 'acknowledge'] as const
    const tells = tellings.find((one) =>
      sent.some(({ id, state }) => id === followUpId(row.id, one) && state !== 'withdrawn'),
    )
    const followUp = tells && sent.find(({ id }) => id === followUpId(row.id, tells))
    return {
      id: row.id,
      level: row.level as PageView['level'],
      channel: row.channel as PageView['channel'],
      message: row.message,
      state: row.acknowledgedAt ? 'acknowledged' : ((out?.state ?? 'queued') as PageView['state']),
      says: out?.says ?? null,
      askedBy: { id: row.askedById, name: row.askedByName },
      askedAt: row.askedAt.getTime(),
      sentAt: out?.sentAt?.getTime() ?? null,
      acknowledgedAt: row.acknowledgedAt?.getTime() ?? null,
      acknowledgedBy: row.acknowledgedBy,
      endedAt: row.endedAt?.getTime() ?? null,
      told:
        tells && followUp
          ? { tells, state: followUp.state as 'queued' | 'sent' | 'failed', says: followUp.says }
          : null,
      attempts: out?.attempts ?? 0,
      inDoubt: out?.inDoubt ?? false,
    }
  })
}

export async function addUpdate(
  tx: Db,
  number: number,
  update: { id: string; at: number; by: PersonRef; audience: UpdateView['audience']; text: string },
): Promise<void> {
  await tx.statusUpdate.create({
    data: {
      id: update.id,
      number,
      at: new Date(update.at),
      byId: update.by.id,
      byName: update.by.name,
      audience: update.audience,
      text: update.text,
    },
  })
}

export async function listUpdates(db: Db, number: number): Promise<UpdateView[]> {
  const rows = await db.statusUpdate.findMany({ where: { number }, orderBy: { at: 'desc' }, take: 50 })
  const sent = await db.outbox.findMany({ where: { about: { in: rows.map(({ id }) => id) } } })
  return rows.map((row) => ({
    id: row.id,
    at: row.at.getTime(),
    by: { id: row.byId, name: row.byName },
    audience: row.audience as UpdateView['audience'],
    text: row.text,
    delivery: sent
      .filter(({ about }) => about === row.id)
      .map(({ channel, state, says, inDoubt }) => ({
        channel,
        state: state as UpdateView['delivery'][number]['state'],
        says,
        inDoubt,
      })),
  }))
}

/** How a message stands; null when there is none of this id. */
export async function sentMessage(db: Db, id: string): Promise<{ state: string; inDoubt: boolean } | null> {
  return db.outbox.findUnique({ where: { id }, select: { state: true, inDoubt: true } })
}

/** Puts a message where the runner finds it, in the transaction of what causes it. A second one of the same id adds nothing. */
export async function enqueue(
  tx: Db,
  message: Omit<Of, 'number'> & {
    number: number | null
    id: string
    about: string
    payload: OutgoingMessage
    now: number
  },
): Promise<void> {
  await tx.outbox.createMany({
    data: {
      id: message.id,
      environment: message.environment,
      number: message.number,
      about: message.about,
      channel: message.payload.channel,
      payload: message.payload,
      state: 'queued',
      nextAt: new Date(message.now),
    },
    skipDuplicates: true,
  })
}

export interface Waiting {
  id: string
  number: number | null
  about: string
  attempts: number
  /** Did a try before this one end without a certain answer? */
  inDoubt: boolean
  payload: OutgoingMessage
}

/**
 * Takes messages of this environment that are due, each for `holdMs`: a runner that dies with one in hand leaves it in doubt, and to be sent again
 * under the same id. What follows a page waits until the page itself is out.
 */
export async function takeOutbox(db: Db, environment: string, now: number, holdMs: number): Promise<Waiting[]> {
  return db.$queryRaw<Waiting[]>`
    UPDATE outbox SET attempts = attempts + 1, in_doubt = true, next_at = ${new Date(now + holdMs)}
    FROM (SELECT o.id, o.in_doubt FROM outbox o WHERE o.environment = ${environment} AND o.state = 'queued' AND o.next_at <= ${new Date(now)}
            AND NOT EXISTS (SELECT 1 FROM outbox page WHERE page.id = o.payload->>'page' AND page.state = 'queued')
          ORDER BY o.next_at LIMIT 10 FOR UPDATE OF o SKIP LOCKED) due
    WHERE outbox.id = due.id
    RETURNING outbox.id, number, about, attempts, due.in_doubt AS "inDoubt", payload`
}

/** How a try ended. `inDoubt`: the other side may have it all the same, from this try or an earlier one. */
export type Sending =
  | { ok: true; says: string | null }
  | { ok: false; says: string; final: boolean; inDoubt: boolean; notConfigured?: boolean }

/**
 * Writes how it went; returns the state: queued again, sent, failed for good, or withdrawn, when that was done while it was
 * in hand. What the other side took is sent all the same.
 */
export async function settleOutbox(
  tx: Db,
  message: Waiting,
  result: Sending,
  now: number,
): Promise<OutboxRow['state']> {
  const state = result.ok
    ? 'sent'
    : result.notConfigured
      ? 'failed'
      : result.final || message.attempts >= triesOf(message.payload)
        ? 'failed'
        : 'queued'
  const { count } = await tx.outbox.updateMany({
    where: { id: message.id, state: { in: state === 'sent' ? ['queued', 'withdrawn'] : ['queued'] } },
    data: {
      state,
      inDoubt: !result.ok && result.inDoubt,
      says: result.says,
      sentAt: state === 'sent' ? new Date(now) : null,
      nextAt: new Date(now + retryAfterSeconds(message.attempts) * 1000),
    },
  })
  return count ? state : 'withdrawn'
}
