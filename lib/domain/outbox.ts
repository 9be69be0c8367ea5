/** A message to another system. Its id is the key by which the receiver knows a repeat. */
export type OutgoingMessage =
  | {
      channel: 'pagerduty'
      level: string
      summary: string
      severity: 'critical' | 'warning' | 'info'
      incident: string
      /** Where to go from there; null when the sender does not know the site's address. */
      link: string | null
      /** The run that it is about, when it is not about an incident alone. */
      run?: string
    }
  | PageFollowUp
  | { channel: 'slack'; text: string; incident: string; link: string | null; run?: string }
  | { channel: 'status-page'; text: string; incident: string; title: string }
export const outgoingChannels = [
  'pagerduty',
  'slack',
  'status-page',
] as const satisfies readonly OutgoingMessage['channel'][]
export const messageStates = ['queued', 'sent', 'failed', 'withdrawn'] as const

/** What the pager is told about a page that it has: `page` is the id of the message that opened the alert there. */
export type PageFollowUp = {
  channel: 'pagerduty'
  tells: 'acknowledge' | 'resolve'
  page: string
  level: string
}

/** How often a message is tried before a person must do it manually. */
export const triesPerMessage = 5
/** Nobody waits for these, so they may outlast a pager that is away for some minutes. */
const triesPerFollowUp = 12
export const triesOf = (message: OutgoingMessage): number => ('tells' in message ? triesPerFollowUp : triesPerMessage)

/** Ids of what is sent about a page; the first is the key of its alert. */
export const pageMessageId = (pageId: string): string => `page-${pageId}`
export const followUpId = (pageId: string, tells: PageFollowUp['tells']): string => `page-${pageId}-${tells}`

/** Might the pager hold an alert for this message? A try that ended without a certain answer leaves it open. */
export const mayBeOpenThere = (sent: { state: string; inDoubt: boolean }): boolean =>
  sent.state === 'sent' || (sent.inDoubt && sent.state !== 'withdrawn')

/** Seconds until the next try after `attempts` failed ones: 2, 4, 8, 16, and at most 64. */
export const retryAfterSeconds = (attempts: number): number => 2 ** Math.min(Math.max(attempts, 1), 6)
