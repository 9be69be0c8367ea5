import type { OutgoingMessage } from '../domain/outbox'

export type PageMessage = Extract<OutgoingMessage, { channel: 'pagerduty' }>

/** Wakes people. Throws PortError; a repeat under the same `key` wakes nobody twice. */
export interface Pager {
  page(key: string, message: PageMessage, signal?: AbortSignal): Promise<void>
}
