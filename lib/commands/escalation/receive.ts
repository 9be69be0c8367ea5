import { incidentIdOf } from '../../domain/incident/incident'
import { keepAlert, type ReceivedAlert } from '../../store/alert'
import type { Store } from '../../store/client'
import { acknowledgePage } from '../../store/page'
import { appendRecord } from '../../store/record'
import { signal } from '../../store/signal'
import { inTransaction } from '../../store/transaction'

/** Keeps alerts that a checked sender brought. Nobody is signed in here: the caller has checked token or signature. */
export async function receiveAlerts(store: Store, alerts: ReceivedAlert[]): Promise<void> {
  for (const alert of alerts) await keepAlert(store.prisma, alert)
  if (alerts.length) await signal(store, { what: 'incident', id: 'list' })
}

/** Notes that a page of ours was acknowledged on the other side. A repeat changes nothing. */
export async function receiveAcknowledgement(store: Store, key: string, by: string, now: number): Promise<void> {
  const id = key.replace(/^page-/, '')
  const page = await inTransaction(store, async (tx) => {
    const acknowledged = await acknowledgePage(tx, id, by, now)
    if (!acknowledged) return null
    const seconds = Math.max(0, Math.round((now - acknowledged.askedAt) / 1000))
    await appendRecord(tx, {
      kind: 'incident.page',
      actor: { kind: 'runner', name: 'PagerDuty', epoch: 0 },
      text: `Page to ${acknowledged.level} acknowledged after ${seconds} s by ${by}.`,
      incidentId: incidentIdOf(acknowledged.number),
      evidence: { pageId: id, seconds },
    })
    return acknowledged
  })
  if (page) await signal(store, { what: 'incident', id: String(page.number) })
}
