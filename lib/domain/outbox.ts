/** A message to another system. Its id is the key by which the receiver knows a repeat. */
export type OutgoingMessage =
  | {
      channel: 'pagerduty'
      level: string
      summary: string
      severity: 'critical' | 'warning' | 'info'
      incident: string
      link: string
    }
  | { channel: 'slack'; text: string; incident: string; link: string }
  | { channel: 'status-page'; text: string; incident: string; title: string }
export type OutgoingChannel = OutgoingMessage['channel']

/** How often a message is tried before a person must do it by hand. */
export const triesPerMessage = 5

/** Seconds until the next try after `attempts` failed ones: 2, 4, 8, 16. */
export const retryAfterSeconds = (attempts: number): number => 2 ** Math.min(Math.max(attempts, 1), 6)
