import { incidentLabel } from './incident/labels'
import type { OutgoingMessage } from './outbox'
import { siteLink } from './own-path'

/** A yes that one person gave alone. */
export interface BrokenGlass {
  approvalId: string
  run: { id: string; title: string }
  environment: string
  incident: { number: number; drill: boolean } | null
  /** What was approved. */
  title: string
  by: string
  reason: string
}

/** Where people outside the browser hear of it. */
export const outsideChannels = ['pagerduty', 'slack'] as const
export type OutsideChannel = (typeof outsideChannels)[number]
const outsideNames: Record<OutsideChannel, string> = { pagerduty: 'PagerDuty', slack: 'Slack' }

/**
 * How the report to one of them stands: `pending` until a runner has taken it up, `in-doubt` when its last try ended without an
 * answer, so that it may have arrived.
 */
export interface ToldOutside {
  channel: OutsideChannel
  state: 'pending' | 'queued' | 'sent' | 'failed' | 'in-doubt'
  /** What went wrong, and whom to tell manually. */
  says: string | null
}

const prefix = 'break-glass-'
export const breakGlassMessageId = (approvalId: string, channel: OutsideChannel): string =>
  `${prefix}${approvalId}-${channel}`
export const isBreakGlassMessage = (id: string): boolean => id.startsWith(prefix)

/** The page and the chat message about it. `site` is the address of the War Room; null leaves the link out. */
export function breakGlassMessages(
  glass: BrokenGlass,
  site: string | null,
): { id: string; payload: Extract<OutgoingMessage, { link: unknown }> }[] {
  const { run, incident, environment } = glass
  const label = incident ? incidentLabel(incident.number) : `run ${run.id}`
  const drill = incident?.drill ? '[DRILL] ' : ''
  const text = `${drill}BREAK-GLASS in ${environment}: ${glass.by} acts alone in ${run.title} (${label}). Approved without a second person: ${glass.title}. Reason: ${glass.reason}`
  const common = { incident: label, link: site && siteLink(site, `/runs/${run.id}`), run: run.id }
  return [
    {
      id: breakGlassMessageId(glass.approvalId, 'pagerduty'),
      payload: { channel: 'pagerduty', level: 'L1', summary: text, severity: 'critical', ...common },
    },
    { id: breakGlassMessageId(glass.approvalId, 'slack'), payload: { channel: 'slack', text, ...common } },
  ]
}

/** Before somebody breaks the glass: who outside will be told. */
export const willTellWords = (channels: readonly OutsideChannel[]): string =>
  channels.length > 0
    ? `This is reported to ${channels.map((channel) => outsideNames[channel]).join(' and ')} immediately.`
    : 'No one outside the War Room is notified: PagerDuty and Slack are not configured. Call someone.'

/** Who outside knows of it, in a sentence or two, for the screens on which it is shown. */
export function toldWords(told: readonly ToldOutside[]): string {
  const named = (state: readonly ToldOutside['state'][]) =>
    told.filter((one) => state.includes(one.state)).map(({ channel }) => outsideNames[channel])
  const [sent, waiting] = [named(['sent']), named(['pending', 'queued'])]
  const failed = told.filter(({ state }) => state === 'failed')
  const doubted = told.filter(({ state }) => state === 'in-doubt')
  return [
    ...(sent.length > 0 ? [`Reported to ${sent.join(' and ')}.`] : []),
    ...(waiting.length > 0 ? [`Being reported to ${waiting.join(' and ')}.`] : []),
    ...(failed.length === told.length ? ['No one outside the War Room was notified.'] : []),
    ...doubted.map(({ channel, says }) =>
      `${outsideNames[channel]} may have received the report. ${says ?? ''}`.trim(),
    ),
    ...failed.map(({ channel, says }) => says ?? `${outsideNames[channel]} did not accept the report.`),
  ].join(' ')
}
