import { castmatch } from '../config/castmatch'
import { reachable } from '../domain/escalation'
import { suggestedLevel } from '../domain/escalation-next'
import { byWeight, type Incident } from '../domain/incident/incident'
import { incidentLabel } from '../domain/incident/labels'
import { isOpen } from '../domain/incident/status'
import type { EscalationView, PageView } from '../domain/incident/view'
import { notNow, unless } from '../domain/right'
import { listIncidents } from '../store/incident'
import { listPages } from '../store/page'
import type { ViewContext } from './context'
import { rightTo } from './rights'

type Contact = (typeof castmatch.escalation)[number]['contact']

const contactOf = (contact: Contact): { contact: string; contactHref: string | null } => {
  switch (contact.kind) {
    case 'pagerduty':
      return { contact: 'PagerDuty rotation', contactHref: null }
    case 'email':
      return { contact: contact.address, contactHref: `mailto:${contact.address}` }
    case 'phone':
      return { contact: contact.number, contactHref: `tel:${contact.number.replace(/[^+\d]/g, '')}` }
  }
}

/** The last four characters stand, the rest is hidden; very short ones are hidden whole. */
const masked = (account: string) => (account.length > 5 ? `${'•'.repeat(5)}${account.slice(-4)}` : '•'.repeat(5))

/** The matrix for an incident, or for none. Throws ExpectedError. */
export async function readEscalationOf(context: ViewContext, incident: Incident | null): Promise<EscalationView> {
  const now = context.now()
  const { integrations } = context.environment
  const pages: PageView[] = incident ? await listPages(context.store.prisma, incident.number) : []
  const open = incident !== null && isOpen(incident.status)
  const suggested = open ? suggestedLevel(castmatch.escalation, pages, incident.declaredAt, now) : null
  return {
    incidentNumber: incident?.number ?? null,
    levels: castmatch.escalation.map((level) => {
      const { now: reachableNow, words } = reachable(level.availability, now)
      return {
        level: level.level,
        role: level.role,
        name: level.name,
        ...contactOf(level.contact),
        availability: words,
        reachableNow,
        page: pages.find((page) => page.level === level.level) ?? null,
        suggested: suggested?.level === level.level,
        suggestedWhy: suggested?.level === level.level ? suggested.why : null,
        channels: [
          { channel: 'pagerduty' as const, configured: integrations?.pagerduty != null, label: 'PagerDuty' },
          {
            channel: 'slack' as const,
            configured: integrations?.slack != null,
            label: `Slack ${castmatch.channels.incident}`,
          },
        ],
        messagePreview: incident ? `${incident.title} (${incidentLabel(incident.number)}, ${incident.severity})` : '',
        mayPage: incident
          ? unless(rightTo(context, 'declare'), open ? null : 'This incident is resolved.')
          : notNow('Pages need an open incident. Declare one first.'),
      }
    }),
    external: castmatch.externalContacts.map(({ service, contact, supportLevel, accountNumber }) => ({
      service,
      contact,
      supportLevel,
      accountMasked: masked(accountNumber),
    })),
    channels: [
      { key: 'incident', label: 'Incident channel', value: castmatch.channels.incident, href: null },
      {
        key: 'status-page',
        label: 'Status page',
        value: castmatch.channels.statusPage,
        href: castmatch.channels.statusPage,
      },
      { key: 'war-room', label: 'War room', value: castmatch.channels.warRoom, href: castmatch.channels.warRoom },
      { key: 'runbooks', label: 'Runbooks', value: castmatch.channels.runbooks, href: castmatch.channels.runbooks },
    ],
    pages,
  }
}

/** The matrix for the open incident that matters most, which is that of the strip. Throws ExpectedError. */
export async function readEscalation(context: ViewContext): Promise<EscalationView> {
  const environment = context.environment.name
  const open = await listIncidents(context.store.prisma, { environment, open: true, limit: 50 })
  return readEscalationOf(context, open.toSorted(byWeight)[0] ?? null)
}
