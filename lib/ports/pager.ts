import type { OutgoingMessage, PageFollowUp } from '../domain/outbox'
import type { Taken } from './chat'

export type PageMessage = Exclude<Extract<OutgoingMessage, { channel: 'pagerduty' }>, PageFollowUp>

/** Wakes people. Throws PortError; a repeat under the same `key` wakes nobody twice. */
export interface Pager {
  page(key: string, message: PageMessage): Promise<Taken>
  /** Says that somebody took the alert of `key`, so that it climbs no further. Throws PortError. */
  acknowledge(key: string): Promise<Taken>
  /** Ends the alert of `key`, so that nobody is woken by it any more. Throws PortError. */
  resolve(key: string): Promise<Taken>
}
