import { endAlert, keepAlert, type ReceivedAlert, takeWebhookEvent } from '../../store/alert'
import type { Db, Store } from '../../store/client'
import { acknowledgePage } from '../../store/page'
import { appendRecord } from '../../store/record'
import { signal } from '../../store/signal'
import { inTransaction } from '../../store/transaction'
import type { Prove } from '../../store/web-proof'

interface Received {
  alerts: ReceivedAlert[]
  /** Alerts that this delivery ends where they fire. */
  ended: Pick<ReceivedAlert, 'source' | 'fingerprint' | 'at'>[]
  /** Pages of ours that were acknowledged on the other side: the key that we sent, and by whom. */
  acknowledged: { key: string; by: string }[]
  /** The sender's own name of this delivery, when it has one. */
  event: { source: ReceivedAlert['source']; id: string } | null
}

/**
 * Keeps what a checked sender brought, all or nothing; false when the same event was taken before. Nobody is signed in
 * here: the caller has checked token or signature, and the age of the event.
 */
export async function receiveWebhook(
  { store, environment, prove }: { store: Store; environment: string; prove: Prove },
  received: Received,
  now: number,
): Promise<boolean> {
  const { alerts, ended, acknowledged, event } = received
  const numbers = await inTransaction(store, async (tx) => {
    if (event && !(await takeWebhookEvent(tx, environment, event, now))) return null
    for (const alert of alerts) await keepAlert(tx, environment, alert)
    for (const alert of ended) await endAlert(tx, environment, alert)
    const pages: number[] = []
    for (const { key, by } of acknowledged) {
      const number = await noteAcknowledgement(tx, environment, prove, key, by, now)
      if (number !== null) pages.push(number)
    }
    return pages
  })
  if (numbers === null) return false
  if (alerts.length) await signal(store, { what: 'incident', id: 'list' })
  for (const number of numbers) await signal(store, { what: 'incident', id: String(number) })
  return true
}

/** The incident of the page, or null when it was acknowledged before or is none of ours. */
async function noteAcknowledgement(
  tx: Db,
  environment: string,
  prove: Prove,
  key: string,
  by: string,
  now: number,
): Promise<number | null> {
  const id = key.replace(/^page-/, '')
  const page = await acknowledgePage(tx, environment, id, by, now)
  if (!page) return null
  const seconds = Math.max(0, Math.round((now - page.askedAt) / 1000))
  await appendRecord(
    tx,
    { prove },
    {
      kind: 'incident.page',
      actor: { kind: 'service', name: 'PagerDuty' },
      text: `Page to ${page.level} acknowledged after ${seconds} s by ${by}.`,
      incidentNumber: page.number,
      evidence: { pageId: id, seconds },
    },
  )
  return page.number
}
