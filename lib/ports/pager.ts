import type { OutgoingMessage } from '../domain/outbox'
import type { Taken } from './chat'

export type PageMessage = Extract<OutgoingMessage, { channel: 'pagerduty' }>

/** Wakes people. Throws PortError; a repeat under the same `key` wakes nobody twice. */
export interface Pager {
  page(key: string, message: PageMessage): Promise<Taken>
  /** Ends the alert of `key`, so that nobody is woken by it any more. Throws PortError. */
  resolve(key: string): Promise<Taken>
}
