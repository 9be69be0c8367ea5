import { durationWords, utcTimeOfDay } from '../units'
import type { Incident } from './incident'
import { incidentLabel } from './labels'
import type { ClocksView, UpdateTemplate } from './view'

/** Texts to start from, filled with what is known at this moment; people change and send them. */
export function updateTemplates(
  incident: Pick<Incident, 'title' | 'severity' | 'status' | 'number'>,
  clocks: ClocksView,
  run: { title: string; step: string | null } | null,
  nextInMinutes: number,
): UpdateTemplate[] {
  const since = utcTimeOfDay(clocks.impactStartedAt)
  const doing = run
    ? `${run.title} is under way${run.step ? ` (${run.step})` : ''}.`
    : 'The cause is being investigated.'
  const by = clocks.rto.projected ? ` Expected recovery by ${utcTimeOfDay(clocks.rto.projected.highAt)}.` : ''
  const loss =
    clocks.rpo.atMostMs === null
      ? 'Possible data loss: unknown.'
      : clocks.rpo.state === 'fixed'
        ? `Lost: at most ${durationWords(clocks.rpo.atMostMs)} of writes.`
        : `Failing over now would lose at most ${durationWords(clocks.rpo.atMostMs)} of writes.`
  const next = `Next update in ${nextInMinutes} min.`
  return [
    {
      key: 'internal-progress',
      label: 'Progress, for us',
      audience: 'internal',
      text: `${incidentLabel(incident.number)} ${incident.severity}, ${incident.status}: ${incident.title}. Impact for ${durationWords(clocks.rto.elapsedMs)}. ${doing}${by} ${loss} ${next}`,
    },
    {
      key: 'public-first',
      label: 'First notice, status page',
      audience: 'status-page',
      text: `Parts of CastMatch have been unavailable since ${since}. The cause is in our database, and we are working on it. ${next}`,
    },
    {
      key: 'public-progress',
      label: 'Progress, status page',
      audience: 'status-page',
      text: `We are restoring the database.${by} ${next}`,
    },
    {
      key: 'public-over',
      label: 'Resolved, status page',
      audience: 'status-page',
      text: `CastMatch is available again${clocks.restoredAt ? ` since ${utcTimeOfDay(clocks.restoredAt)}` : ''}. We are monitoring it and will report what happened.`,
    },
  ]
}
