import { statusLabels } from '../../domain/incident/labels'
import type { IncidentStatus } from '../../domain/incident/status'
import type { Severity } from '../../domain/incident/types'
import type {
  ChecklistItemView,
  ChecklistState,
  ClocksView,
  DecisionOption,
  PageState,
  PageView,
  ReportActionView,
  ReportView,
  SheetPrerequisites,
  UpdateView,
  Verdict,
} from '../../domain/incident/view'
import type { Prefilled } from '../../domain/procedure/types'
import { dash, formatBytesRange, formatClock, formatSecondsRange } from './format'
import { formatRemaining } from './run'
import type { State } from './state'

export const severityState: Record<Severity, State> = { SEV1: 'problem', SEV2: 'lagging', SEV3: 'unknown' }

export function presentStatus(status: IncidentStatus): { state: State; word: string } {
  switch (status) {
    case 'triage':
    case 'investigating':
      return { state: 'problem', word: statusLabels[status].toUpperCase() }
    case 'mitigating':
      return { state: 'working', word: 'MITIGATING' }
    case 'monitoring':
      return { state: 'lagging', word: 'MONITORING' }
    case 'resolved':
      return { state: 'ok', word: 'RESOLVED' }
    case 'merged':
      return { state: 'skipped', word: 'MERGED' }
  }
}

/** A verdict as one reads it afterwards; while it runs it is "in target" or past it. */
export function presentObjective(verdict: Verdict): { state: State; word: string } {
  switch (verdict) {
    case 'open':
      return { state: 'working', word: 'OPEN' }
    case 'met':
      return { state: 'ok', word: 'MET' }
    case 'within-maximum':
      return { state: 'lagging', word: 'PAST TARGET' }
    case 'breached':
      return { state: 'problem', word: 'NOT MET' }
    case 'unknown':
      return { state: 'unknown', word: 'UNKNOWN' }
  }
}

export function presentItem(item: Pick<ChecklistItemView, 'state' | 'reopened' | 'skipped'>): {
  state: State
  word: string
} {
  if (item.skipped)
    return item.state === 'fail' ? { state: 'problem', word: 'FAIL, SKIPPED' } : { state: 'skipped', word: 'SKIPPED' }
  if (item.reopened && item.state === 'fail') return { state: 'problem', word: 'REGRESSED' }
  return checklistLooks[item.state]
}
const checklistLooks: Record<ChecklistState, { state: State; word: string }> = {
  'not-run': { state: 'unknown', word: 'NOT RUN' },
  running: { state: 'working', word: 'CHECKING' },
  pass: { state: 'ok', word: 'OK' },
  fail: { state: 'problem', word: 'FAIL' },
  unknown: { state: 'unknown', word: 'UNKNOWN' },
  hand: { state: 'skipped', word: 'MANUAL' },
  impossible: { state: 'skipped', word: 'NO PROBE' },
}

const pageLooks: Record<PageState, { state: State; word: string }> = {
  queued: { state: 'working', word: 'SENDING' },
  sent: { state: 'waiting', word: 'WAITING' },
  acknowledged: { state: 'ok', word: 'ACK' },
  failed: { state: 'problem', word: 'NOT SENT' },
  withdrawn: { state: 'skipped', word: 'WITHDRAWN' },
}
/** Given up, though it may have arrived: whoever reads this looks there before sending it once more. */
const unconfirmed = { state: 'problem', word: 'NOT CONFIRMED' } as const
/** How far the end of a page is that the pager has. */
const endLooks: Record<NonNullable<PageView['told']>['state'], { state: State; word: string }> = {
  queued: { state: 'working', word: 'ENDING' },
  sent: { state: 'skipped', word: 'ENDED' },
  failed: { state: 'problem', word: 'NOT ENDED' },
}
/** What is to be read of a page besides its state: why it did not go out, or why the pager does not know more of it. */
export const pageSays = (page: PageView): string | null => page.told?.says ?? page.says

/** State of a page with its time: how long it waits, or after how long it was acknowledged. */
export function presentPage(page: PageView, now: number): { state: State; word: string } {
  if (page.told?.tells === 'resolve') return endLooks[page.told.state]
  if (page.endedAt !== null && page.state === 'sent') return endLooks.sent
  if (page.state === 'failed' && page.inDoubt) return unconfirmed
  const look = pageLooks[page.state]
  const from = page.sentAt ?? page.askedAt
  if (page.state === 'acknowledged' && page.acknowledgedAt !== null)
    return { ...look, word: `${look.word} ${formatClock(page.acknowledgedAt - from)}` }
  if (page.state === 'sent' && now > 0) return { ...look, word: `${look.word} ${formatClock(now - from)}` }
  return look
}

/** Where a message of ours goes, by the name of its channel. */
export const channelNames: Record<string, string> = {
  pagerduty: 'PagerDuty',
  slack: 'Slack',
  'status-page': 'Status page',
}
type Delivery = UpdateView['delivery'][number]
const deliveryLooks: Record<Delivery['state'], { state: State; word: string }> = {
  queued: { state: 'working', word: 'SENDING' },
  sent: { state: 'ok', word: 'TAKEN' },
  failed: { state: 'problem', word: 'NOT SENT' },
  'not-configured': { state: 'skipped', word: 'NOT SET UP' },
}
export const presentDelivery = ({ state, inDoubt }: Delivery): { state: State; word: string } =>
  state === 'failed' && inDoubt ? unconfirmed : deliveryLooks[state]

/** The page of an option's procedure, for this incident, with the form filled in its way; null when this version has none. */
export const procedureHref = (
  { slug, asks }: Pick<DecisionOption, 'slug' | 'asks'>,
  incident: number,
): string | null => (slug === null ? null : startHref({ slug, inputs: asks?.inputs ?? {} }, incident))

/** The form that starts a procedure, filled in. */
export function startHref({ slug, inputs }: Prefilled, incident: number | null): string {
  const given = Object.entries(inputs).filter(([, value]) => value !== '')
  const query = new URLSearchParams([
    ...(incident === null ? [] : [['incident', String(incident)]]),
    ...given.map(([name, value]) => [name, String(value)]),
  ])
  return `/procedures/${slug}?${query}`
}

/** Prerequisites in a line: how many are met, and the first that is not. */
export function presentPrerequisites(prerequisites: SheetPrerequisites): {
  count: string
  look: { state: State; word: string } | null
  first: string
  more: number
  words: string
} {
  if (prerequisites.state === 'unknown') {
    const { why } = prerequisites
    return { count: dash, look: null, first: why, more: 0, words: why }
  }
  const { passed, of, blocks, warnings } = prerequisites
  const worst = [...blocks, ...warnings]
  const count = `${passed} of ${of}`
  const look =
    blocks.length > 0
      ? ({ state: 'problem', word: `${blocks.length} BLOCKED` } as const)
      : warnings.length > 0
        ? ({ state: 'lagging', word: `${warnings.length} ${warnings.length === 1 ? 'WARNING' : 'WARNINGS'}` } as const)
        : ({ state: 'ok', word: 'ALL MET' } as const)
  const first = worst[0] ?? 'All required checks passed.'
  return { count, look, first, more: Math.max(0, worst.length - 1), words: `${count} met. ${first}` }
}

export function presentFit(option: DecisionOption): { state: State; word: string } {
  if (option.key === 'nothing') return { state: 'unknown', word: 'NO RECOVERY' }
  switch (option.fits) {
    case 'recommended':
      return { state: 'ok', word: 'RECOMMENDED' }
    case 'possible':
      return option.rpoVerdict === 'breached'
        ? { state: 'problem', word: 'OVER RPO' }
        : option.rtoVerdict === 'breached'
          ? { state: 'problem', word: 'OVER RTO' }
          : { state: 'ok', word: 'POSSIBLE' }
    case 'not-for-this':
      return { state: 'skipped', word: 'NOT APPLICABLE' }
    case 'unavailable':
      return { state: 'skipped', word: 'MANUAL ONLY' }
    case 'unfit':
      return { state: 'skipped', word: 'CANNOT RUN' }
  }
}

export function presentReportState(state: ReportView['state']): { state: State; word: string } {
  switch (state) {
    case 'draft':
      return { state: 'unknown', word: 'DRAFT' }
    case 'in-review':
      return { state: 'waiting', word: 'IN REVIEW' }
    case 'final':
      return { state: 'ok', word: 'FINAL' }
  }
}

export const actionLooks: Record<ReportActionView['state'], { state: State; word: string }> = {
  open: { state: 'waiting', word: 'OPEN' },
  'in-progress': { state: 'working', word: 'IN PROGRESS' },
  done: { state: 'ok', word: 'DONE' },
  dropped: { state: 'skipped', word: 'DROPPED' },
}

/** Loss as it stands, never below what is known lost: "0.4–22.4 s" and "39 kB–2.2 MB". */
export function presentLoss(rpo: ClocksView['rpo']): { seconds: string | null; bytes: string | null } {
  const seconds =
    rpo.atLeastMs === null
      ? null
      : rpo.atMostMs === null
        ? `at least ${formatSecondsRange(rpo.atLeastMs / 1000, rpo.atLeastMs / 1000)}`
        : formatSecondsRange(rpo.atLeastMs / 1000, rpo.atMostMs / 1000)
  const bytes = rpo.atLeastBytes === null ? null : formatBytesRange(rpo.atLeastBytes, rpo.atMostBytes)
  return { seconds, bytes }
}

/** What remains of the recovery, by the same words as on its run's page; null where nothing is projected. */
export const presentRemaining = ({ rto, now }: Pick<ClocksView, 'rto' | 'now'>): string | null =>
  rto.projected &&
  formatRemaining({
    lowSeconds: Math.max(0, rto.projected.lowAt - now) / 1000,
    highSeconds: Math.max(0, rto.projected.highAt - now) / 1000,
  })

/** The bar under the clocks runs from impact to the maximum: shares 0..1 of elapsed, projection and target. */
export function objectiveBar(clocks: Pick<ClocksView, 'impactStartedAt' | 'restoredAt' | 'rto'>, elapsedMs: number) {
  const share = (ms: number) => Math.min(1, Math.max(0, ms / clocks.rto.maximumMs))
  const projectedMs =
    clocks.rto.projected && !clocks.restoredAt ? clocks.rto.projected.highAt - clocks.impactStartedAt : null
  return {
    elapsed: share(elapsedMs),
    projected: projectedMs === null ? null : share(Math.max(projectedMs, elapsedMs)),
    target: share(clocks.rto.targetMs),
    tone: (elapsedMs > clocks.rto.targetMs
      ? 'problem'
      : elapsedMs > 0.75 * clocks.rto.targetMs
        ? 'lagging'
        : 'working') as State,
  }
}

/** Markdown as plain words, for a line that is read from six metres: marks go, words stay. */
export function plainWords(markdown: string): string {
  return markdown
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|~~|`+)/g, '')
    .replace(/^\s*(#{1,6}|>|[-*+]|\d+\.)\s+/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}
