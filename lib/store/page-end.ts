import type { PageView } from '../domain/incident/view'
import { followUpId, mayBeOpenThere, type PageFollowUp, pageMessageId } from '../domain/outbox'
import type { Db } from './client'
import type { Of } from './page'

interface Row {
  id: string
  level: PageView['level']
  channel: PageView['channel']
  state: string
  inDoubt: boolean
  next_at: Date
}

/** What became of the pages of an incident that is over, by their levels. */
export interface EndedPages {
  /** The pager is told that it may end them. */
  ending: PageView['level'][]
  /** They had not gone out, and go out no more. */
  withdrawn: PageView['level'][]
}

/**
 * Ends the pages of an incident: those that wait are withdrawn, and the pager is to be told of those that it has, or might
 * have. Pages that ended before are left alone, but for those whose end the pager never took. Comes before the entries of
 * the same transaction: a runner holds a message first and the record second.
 */
export async function endPages(tx: Db, incident: Of, now: number): Promise<EndedPages> {
  const { number } = incident
  const pages = await tx.$queryRaw<Row[]>`
    SELECT p.id, p.level, p.channel, o.state, o.in_doubt AS "inDoubt", o.next_at
    FROM page p JOIN outbox o ON o.id = 'page-' || p.id
    WHERE p.number = ${number} AND (p.ended_at IS NULL OR EXISTS (
      SELECT 1 FROM outbox e WHERE e.id = 'page-' || p.id || '-resolve' AND e.state = 'failed'))
    ORDER BY p.asked_at, p.id FOR UPDATE OF o`
  const ended: EndedPages = { ending: [], withdrawn: [] }
  for (const page of pages) {
    const waits = page.state === 'queued'
    if (waits) {
      const says = 'The incident was over before it went out.'
      await tx.outbox.update({ where: { id: pageMessageId(page.id) }, data: { state: 'withdrawn', says } })
    }
    await tx.outbox.updateMany({
      where: { id: followUpId(page.id, 'acknowledge'), state: 'queued' },
      data: { state: 'withdrawn' },
    })
    if (page.channel === 'pagerduty' && mayBeOpenThere(page)) {
      // A runner may have it in hand: its end comes after the last moment at which that one could open it.
      await askEnd(tx, incident, page, waits ? Math.max(now, page.next_at.getTime()) : now)
      ended.ending.push(page.level)
    } else if (waits) ended.withdrawn.push(page.level)
  }
  await tx.page.updateMany({ where: { number, endedAt: null }, data: { endedAt: new Date(now) } })
  return ended
}

async function askEnd(tx: Db, { number, environment }: Of, page: Row, at: number): Promise<void> {
  const id = followUpId(page.id, 'resolve')
  const payload: PageFollowUp = {
    channel: 'pagerduty',
    tells: 'resolve',
    page: pageMessageId(page.id),
    level: page.level,
  }
  const anew = { state: 'queued', attempts: 0, inDoubt: false, nextAt: new Date(at), says: null }
  await tx.outbox.upsert({
    where: { id },
    create: { id, environment, number, about: page.id, channel: payload.channel, payload: { ...payload }, ...anew },
    update: anew,
  })
}
