import 'server-only'
import { receiveAcknowledgement, receiveAlerts } from '../commands/escalation/receive'
import type { ParsedWebhook } from './alert-webhook'
import { webStore } from './store'

/** Keeps what a checked webhook brought. Throws ExpectedError when the store is away. */
export async function receive({ alerts, acknowledged }: ParsedWebhook): Promise<void> {
  await receiveAlerts(webStore(), alerts)
  for (const { key, by } of acknowledged) await receiveAcknowledgement(webStore(), key, by, Date.now())
}
