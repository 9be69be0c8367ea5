import { countWords } from '../checklist/count'
import { incidentLabel } from '../incident/labels'
import type { ReportView } from '../incident/view'
import { type ListedRows, listedWords, unlisted } from '../reconcile/listed'
import type { MeasureView } from '../run/measure'
import { byteWords, durationWords, utcWords as utc } from '../units'
import type { ReportRows } from './view'

/** One line without the signs that would make a table or HTML of it. */
const inline = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#]/g, (c) => `\\${c}`)
/** The same of a text of several lines, inside an item of a list: each stays a line, and none becomes a list. */
export const linesInList = (text: string): string =>
  text
    .trim()
    .split(/\s*\n\s*/)
    .map((line) => inline(line).replace(/^(\d*)(?=[-+=.)])/, '$1\\'))
    .join('\\\n  ')
/** People's own Markdown without HTML in it: a viewer elsewhere may not be as careful as we are. Links in <> stay. */
const words = (text: string): string => text.trim().replace(/<(?=[a-z/!?])(?!https?:)/gi, '&lt;')
const span = (ms: number | null): string => (ms === null ? 'unknown' : durationWords(ms))

function measured({ value, unit }: Pick<MeasureView, 'value' | 'unit'>): string {
  if (value === null) return 'unknown'
  switch (unit) {
    case 'time':
      return utc(value)
    case 'seconds':
      return span(value * 1000)
    case 'bytes':
      return byteWords(value)
    case 'count':
      return String(value)
  }
}

/** A table with its rows by key: what came back, and what is left as it is. */
function comparedRows({ table, key, listed, merged, runId }: ReportRows): string[] {
  const named = ({ keys }: ListedRows): string => {
    const mixed = new Set(keys?.map((one) => one.merged)).size > 1
    return (keys ?? []).map((one) => `${inline(one.key)}${mixed && !one.merged ? ' (left)' : ''}`).join('; ')
  }
  return [
    `- ${inline(table)}: ${listed.length === 0 ? 'the same in both' : inline(merged)}`,
    ...listed.flatMap((one) => [
      `  - ${listedWords(one)}`,
      ...(one.keys && one.keys.length > 0 ? [`    - ${inline(key.join(', '))}: ${named(one)}`] : []),
      ...(unlisted(one) > 0
        ? [`    - ${unlisted(one)} more: /runs/${runId}/rows?${new URLSearchParams({ table, kind: one.kind })}`]
        : []),
    ]),
  ]
}

/** A whole report as Markdown. People's own words keep their Markdown; everything else is escaped. */
export function reportMarkdown(report: ReportView): string {
  const { incident, clocks } = report
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    `# ${incidentLabel(incident.number)} ${inline(incident.title)}`,
    '',
    `${incident.severity}, scenario ${incident.scenario}${incident.kind === 'drill' ? ', DRILL' : ''}, ${incident.status}; report: ${report.state}.`,
    `Impact since ${utc(clocks.impactStartedAt)}${clocks.restoredAt ? `, write path restored ${utc(clocks.restoredAt)}` : ''}.`,
    '',
    ...report.sections.flatMap(({ title, text }) => [`## ${title}`, '', words(text) || '(not written yet)', '']),
    '## Figures',
    '',
    row('figure', 'value', 'target', 'maximum', 'verdict'),
    row('---', '---', '---', '---', '---'),
    row('RTO', span(clocks.rto.elapsedMs), span(clocks.rto.targetMs), span(clocks.rto.maximumMs), clocks.rto.verdict),
    row('RPO', span(clocks.rpo.atMostMs), span(clocks.rpo.targetMs), span(clocks.rpo.maximumMs), clocks.rpo.verdict),
    row('Commits lost', clocks.rpo.committedLoss, 'none', '–', inline(report.loss.says)),
    row(
      'Availability spent',
      clocks.availability.share === null ? 'unknown' : `${(clocks.availability.share * 100).toFixed(1)} %`,
      span(clocks.availability.budgetMs),
      '–',
      '–',
    ),
    '',
    ...(clocks.availability.contradiction ? [clocks.availability.contradiction, ''] : []),
    ...(report.measures.length > 0
      ? [
          '## Measured',
          '',
          row('figure', 'value', 'verdict'),
          row('---', '---', '---'),
          ...report.measures.map((m) => row(inline(m.label), measured(m), m.verdict ?? '–')),
          '',
        ]
      : []),
    '## Where the time went',
    '',
    ...report.split.map(({ label, ms }) => `- ${label}: ${span(ms)}`),
    '',
    '## Story',
    '',
    ...report.story
      .toSorted((a, b) => a.occurredAt - b.occurredAt)
      .map((e) => `- ${utc(e.occurredAt)} (${inline(e.actor.name)}) ${linesInList(e.text)}`),
    '',
    '## Steps, estimate against actual',
    '',
    row('step', 'effect', 'estimate', 'actual', 'state'),
    row('---', '---', '---', '---', '---'),
    ...report.steps.map((s) =>
      row(
        `${s.number} ${inline(s.title)}${s.stage ? ` (at the same time: ${inline(s.stage)})` : ''}`,
        s.effect,
        s.estimate ? `${span(s.estimate.lowSeconds * 1000)} to ${span(s.estimate.highSeconds * 1000)}` : 'unknown',
        span(s.actualMs),
        s.state,
      ),
    ),
    '',
    '## Approvals',
    '',
    ...report.approvals.map(
      (a) =>
        `- ${inline(a.title)}: ${a.decision}${a.by ? ` by ${inline(a.by)}` : ''}${a.at ? `, ${utc(a.at)}` : ''}, digest ${a.digest}`,
    ),
    '',
    ...(report.rows.length === 0 ? [] : ['## Rows compared and merged', '', ...report.rows.flatMap(comparedRows), '']),
    `## Checklist: ${countWords(report.checklist)}`,
    '',
    ...report.checklist.items.map(
      (i) =>
        `- ${i.number}. ${i.title}: ${i.state === 'hand' ? 'marked manually' : i.state}. ${inline(i.handTick?.reason ?? i.says)}${i.evidence[0] ? ` Evidence ${i.evidence[0].sha256}` : ''}`,
    ),
    '',
    '## Actions',
    '',
    ...report.actions.map(
      (a) =>
        `- [${a.state === 'done' ? 'x' : ' '}] ${inline(a.title)} (${a.owner ? inline(a.owner.name) : 'nobody'}, due ${a.dueOn ?? 'not set'}, ${a.state})`,
    ),
    '',
    `Review meeting: ${utc(report.rca.at)} (14:00 in ${report.rca.zone}).`,
    '',
    `Record: ${report.record.says} Head ${report.record.head}.`,
    '',
  ].join('\n')
}
