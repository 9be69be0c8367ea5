import { castmatch } from '../config/castmatch'
import { breakGlassMessages, isBreakGlassMessage } from '../domain/break-glass'
import { type OutgoingMessage, type PageFollowUp, triesOf } from '../domain/outbox'
import type { Chat } from '../ports/chat'
import type { Pager } from '../ports/pager'
import { PortError } from '../ports/port-error'
import { untoldBreakGlass } from '../store/break-glass'
import type { Store } from '../store/client'
import { enqueue, type Sending, settleOutbox, takeOutbox, type Waiting } from '../store/page'
import { appendRecord } from '../store/record'
import { signal } from '../store/signal'
import { inTransaction } from '../store/transaction'
import { rounds } from './rounds'

export interface OutboxSettings {
  store: Store
  /** Whose messages it sends. */
  environment: string
  runner: string
  /** The War Room's own address, for links in what the runner itself has to tell; null leaves them out. */
  site: string | null
  pager: Pager | null
  chat: Chat | null
  statusPage: Chat | null
  now?: () => number
  /** Between two looks at what waits when nobody says that something does, ms. */
  pollMs?: number
  log: (level: 'warn' | 'error', message: string, detail: object) => void
}

const names = { pagerduty: 'PagerDuty', slack: 'Slack', 'status-page': 'the status page' } as const
/** A message in hand is nobody else's for this long; one try is shorter. */
const holdMs = 30_000

/** Whom to reach manually when a machine cannot. What may have arrived is not told to everybody twice. */
function byHand(message: OutgoingMessage, inDoubt: boolean): string {
  const look = inDoubt ? 'Look there first. ' : ''
  if (message.channel === 'status-page') return `${look}Post it manually: ${castmatch.channels.statusPage}.`
  if ('tells' in message)
    return message.tells === 'resolve' ? 'Resolve it in PagerDuty manually.' : 'Acknowledge it in PagerDuty manually.'
  if (message.channel === 'slack') return `${look}Notify them manually in ${castmatch.channels.incident}.`
  const contact = castmatch.escalation.find(({ level }) => level === message.level)?.contact
  return contact?.kind === 'phone'
    ? `Call ${contact.number}.`
    : contact?.kind === 'email'
      ? `Write to ${contact.address}.`
      : 'Call the on-call engineer.'
}

/** What the timeline says of a message whose sending has ended. */
function outcomeWords(message: OutgoingMessage, id: string, result: Sending): string {
  if ('tells' in message) return followUpWords(message, result)
  const name = names[message.channel]
  const glass = isBreakGlassMessage(id)
  const page = id.startsWith('page-')
  const to = message.channel === 'pagerduty' ? ` to ${message.level}` : ''
  if (result.ok)
    return glass ? `Break-glass reported to ${name}.` : `${page ? `Page${to}` : 'Update'} taken by ${name}.`
  const what = glass ? 'The report of break-glass' : page ? `The page${to}` : 'The update'
  return result.inDoubt
    ? `${what} was not confirmed by ${name} and may have arrived. ${result.says}`
    : `${what} did not go out by ${name}. ${result.says}`
}

function followUpWords({ tells, level }: PageFollowUp, result: Sending): string {
  const maybe = !result.ok && result.inDoubt
  switch (tells) {
    case 'resolve':
      return result.ok
        ? `The page to ${level} was ended in PagerDuty.`
        : `The page to ${level} ${maybe ? 'may still be' : 'is still'} open in PagerDuty. ${result.says}`
    case 'acknowledge':
      return result.ok
        ? `PagerDuty acknowledged the ${level} page.`
        : `PagerDuty ${maybe ? 'may not know' : 'does not know'} that the page to ${level} was acknowledged. ${result.says}`
  }
}

const kindOf = (id: string): string =>
  isBreakGlassMessage(id) ? 'approval.told' : id.startsWith('page-') ? 'incident.page' : 'incident.step'
const runOf = (message: OutgoingMessage): string | null => ('run' in message ? (message.run ?? null) : null)

/** Sends what waits. Each message goes out under its own id until the other side took it or its tries are over. */
export function createOutbox(settings: OutboxSettings) {
  const { store, log } = settings
  const now = settings.now ?? Date.now

  async function deliver(message: Waiting): Promise<Sending> {
    const { payload } = message
    const missing: Sending = {
      ok: false,
      final: true,
      notConfigured: true,
      inDoubt: message.inDoubt,
      says: `${names[payload.channel]} is not set up here. ${byHand(payload, message.inDoubt)}`,
    }
    try {
      switch (payload.channel) {
        case 'pagerduty':
          if (!settings.pager) return missing
          if (!('tells' in payload)) await settings.pager.page(message.id, payload)
          else if (payload.tells === 'resolve') await settings.pager.resolve(payload.page)
          else await settings.pager.acknowledge(payload.page)
          break
        case 'slack':
          if (!settings.chat) return missing
          await settings.chat.say(message.id, { text: payload.text, link: payload.link, title: payload.incident })
          break
        case 'status-page':
          if (!settings.statusPage) return missing
          await settings.statusPage.say(message.id, { text: payload.text, link: null, title: payload.title })
          break
      }
      return { ok: true, says: null }
    } catch (error) {
      // Only a certain refusal ends it early: what was not understood may be another's word, or none at all.
      const refused = error instanceof PortError && error.detail.outcome === 'rejected'
      const lasting = refused && ['auth', 'config', 'missing'].includes(error.errorClass)
      const inDoubt = message.inDoubt || !refused
      const says = error instanceof PortError ? error.message : 'It could not be sent.'
      if (!(error instanceof PortError))
        log('error', 'A message could not be sent', { id: message.id, error: String(error) })
      // Nobody waits for what follows a page, so nobody is sent to do it manually while it is still tried.
      const goesOn = 'tells' in payload && !lasting && message.attempts < triesOf(payload)
      return {
        ok: false,
        final: lasting,
        inDoubt,
        says: `${says} ${goesOn ? 'It is tried again.' : byHand(payload, inDoubt)}`,
      }
    }
  }

  /** Puts the messages about broken glass where they wait; twice is once. */
  async function tellBreakGlass(): Promise<void> {
    for (const glass of await untoldBreakGlass(store.prisma, settings.environment))
      await inTransaction(store, async (tx) => {
        for (const { id, payload } of breakGlassMessages(glass, settings.site))
          await enqueue(tx, {
            id,
            payload,
            environment: settings.environment,
            number: glass.incident?.number ?? null,
            about: glass.approvalId,
            now: now(),
          })
      })
  }

  async function sendDue(): Promise<number> {
    await tellBreakGlass()
    const due = await takeOutbox(store.prisma, settings.environment, now(), holdMs)
    await Promise.all(
      due.map(async (message) => {
        const result = await deliver(message)
        await inTransaction(store, async (tx) => {
          const state = await settleOutbox(tx, message, result, now())
          if (state === 'queued' || state === 'withdrawn') return
          await appendRecord(tx, 'runner', {
            kind: kindOf(message.id),
            actor: { kind: 'runner', name: settings.runner, epoch: 0 },
            text: outcomeWords(message.payload, message.id, result),
            incidentNumber: message.number,
            runId: runOf(message.payload),
            evidence: { messageId: message.id, attempts: message.attempts, channel: message.payload.channel },
          })
        })
        const run = runOf(message.payload)
        if (run !== null) await signal(store, { what: 'run', id: run })
        if (message.number !== null) await signal(store, { what: 'incident', id: String(message.number) })
      }),
    )
    return due.length
  }

  const { start, wake, stop } = rounds(sendDue, settings.pollMs ?? 1000, (error) =>
    log('warn', 'Messages wait: the store is not responding', { error: String(error) }),
  )
  return {
    /** One round, for tests and for a start; returns how many messages were tried. */
    sendDue,
    start,
    /** Something may wait to be sent: the next round comes at once. */
    wake,
    stop,
  }
}
