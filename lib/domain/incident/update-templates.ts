import type { RunState } from '../run/states'
import { durationWords, utcTimeOfDay } from '../units'
import type { Incident } from './incident'
import { incidentLabel, statusLabels } from './labels'
import type { ClocksView, UpdateSentence, UpdateTemplate } from './view'

/** What the drafts are made from. */
export interface UpdateFacts {
  incident: Pick<Incident, 'title' | 'severity' | 'status' | 'number'>
  clocks: Pick<ClocksView, 'impactStartedAt' | 'restoredAt' | 'now' | 'rto' | 'rpo'>
  /** The run that goes on, else the latest that was no dry run; null without one. */
  run: { title: string; state: RunState; step: { number: number; of: number; title: string } | null } | null
  /** When the service was restored, unless a person has said since that the problem is back. */
  recoveredAt: number | null
  nextInMinutes: number
}

/** What is done about it, and who says so. */
function doing({ run, recoveredAt }: UpdateFacts): UpdateSentence {
  if (!run) return { text: 'The cause is being investigated.', source: 'No run has been started.' }
  const { title, step } = run
  const source = step ? `Run of ${title}, step ${step.number} of ${step.of}` : `Run of ${title}`
  const at = step ? ` (${step.title})` : ''
  switch (run.state) {
    case 'preparing':
      return { text: `${title} is being prepared.`, source }
    case 'running':
      return {
        text: recoveredAt === null ? `${title} is under way${at}.` : `${title} continues with its remaining steps.`,
        source,
      }
    case 'waiting':
      return { text: `${title} is waiting for approval${at}.`, source }
    case 'paused':
      return { text: `${title} is paused.`, source }
    case 'needs-person':
      return { text: `${title} needs a decision${at}.`, source }
    case 'stopped':
      return { text: `${title} was stopped.`, source }
    case 'aborted':
      return { text: `${title} was not started.`, source }
    case 'done':
      return { text: `${title} is complete.`, source }
  }
}

function impact({ clocks, recoveredAt }: UpdateFacts): UpdateSentence {
  const from = `impact since ${utcTimeOfDay(clocks.impactStartedAt)}`
  const lasted = durationWords(clocks.rto.elapsedMs)
  return clocks.restoredAt !== null && recoveredAt !== null
    ? {
        text: `The outage lasted ${lasted}.`,
        source: `Clocks: ${from}, restored at ${utcTimeOfDay(clocks.restoredAt)}`,
      }
    : recoveredAt !== null
      ? { text: `Restored at ${utcTimeOfDay(recoveredAt)}.`, source: 'End of the run' }
      : { text: `Impact for ${lasted}.`, source: `Clocks: ${from}` }
}

/** Loss as it stands: measured after a recovery, what a failover would cost before one, and nothing while one is under way. */
function loss({ clocks: { rpo }, run, recoveredAt }: UpdateFacts): UpdateSentence {
  if (rpo.state === 'fixed') return { text: rpo.says, source: 'Measured by the run' }
  if (recoveredAt !== null || (run && ['running', 'needs-person', 'paused'].includes(run.state)))
    return { text: 'Data loss: not measured yet.', source: 'No run has measured it.' }
  if (rpo.atMostMs === null) return { text: 'Possible data loss: unknown.', source: rpo.says }
  return { text: `Failing over now would lose at most ${durationWords(rpo.atMostMs)} of writes.`, source: rpo.says }
}

/**
 * Texts to start from, made of the state of the run at this moment; people change and send them. The first of each audience is the
 * one that fits now; what is no longer so is not offered. Each sentence comes with its source.
 */
export function updateTemplates(facts: UpdateFacts): UpdateTemplate[] {
  const { incident, clocks, recoveredAt, nextInMinutes } = facts
  const over = incident.status === 'resolved'
  const head = `${incidentLabel(incident.number)} ${incident.severity}, ${statusLabels[incident.status].toLowerCase()}: ${incident.title}.`
  const expected: UpdateSentence[] = clocks.rto.projected
    ? [
        {
          text: `Expected recovery by ${utcTimeOfDay(clocks.rto.projected.highAt)}.`,
          source: clocks.rto.projected.basis,
        },
      ]
    : []
  const next: UpdateSentence[] = over
    ? []
    : [{ text: `Next update in ${nextInMinutes} min.`, source: `Every ${nextInMinutes} min for ${incident.severity}` }]
  const template = (
    key: string,
    label: string,
    audience: UpdateTemplate['audience'],
    sentences: UpdateSentence[],
  ): UpdateTemplate => ({ key, label, audience, sentences, text: sentences.map(({ text }) => text).join(' ') })
  const internal = template('internal-progress', 'Progress, for us', 'internal', [
    { text: head, source: 'The incident' },
    impact(facts),
    doing(facts),
    ...(recoveredAt === null ? expected : []),
    loss(facts),
    ...next,
  ])
  if (recoveredAt !== null || over) {
    const since = clocks.restoredAt ?? recoveredAt
    return [
      internal,
      template('public-over', over ? 'Resolved, status page' : 'Restored, status page', 'status-page', [
        {
          text: `CastMatch is available again${since === null ? '' : ` since ${utcTimeOfDay(since)}`}.`,
          source:
            clocks.restoredAt !== null ? 'First write that was verified' : over ? 'The incident' : 'End of the run',
        },
        over
          ? { text: 'We will report what happened.', source: 'The incident is resolved.' }
          : { text: 'We are monitoring it and will report what happened.', source: 'The incident is open.' },
      ]),
    ]
  }
  const acts = facts.run !== null && ['running', 'needs-person', 'paused', 'waiting'].includes(facts.run.state)
  const first = template('public-first', 'First notice, status page', 'status-page', [
    {
      text: `Parts of CastMatch have been unavailable since ${utcTimeOfDay(clocks.impactStartedAt)}.`,
      source: 'Clocks: start of the impact',
    },
    { text: 'The cause is in our database, and we are working on it.', source: 'The incident is open.' },
    ...next,
  ])
  const progress = template('public-progress', 'Progress, status page', 'status-page', [
    acts
      ? { text: 'We are restoring the database.', source: doing(facts).source }
      : { text: 'We are investigating the problem with our database.', source: doing(facts).source },
    ...expected,
    ...next,
  ])
  return [internal, ...(acts ? [progress, first] : [first, progress])]
}
