// Whatever people write, or an alert brings, is words for everybody who reads it: on the screen, and in a report that leaves
// the house.
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import type { ReportView } from '../../lib/domain/incident/view'
import { reportMarkdown } from '../../lib/domain/report/markdown'
import MarkdownBody from './markdown-body'

const hostile = [
  '<script>alert(1)</script>',
  '<img src=x onerror="alert(1)">',
  '<svg/onload=alert(1)>',
  '[click](javascript:alert(1))',
  '[click](data:text/html;base64,PHNjcmlwdD4=)',
  '![x](javascript:alert(1))',
  '<a href="javascript:alert(1)">x</a>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '" onmouseover="alert(1)',
  '<!--<img src=x onerror=alert(1)>-->',
]

describe('hostile words', () => {
  test.each(hostile)('are text on the screen: %s', (text) => {
    const html = renderToStaticMarkup(<MarkdownBody text={text} />)
    expect(html).not.toMatch(/<(script|img|svg|iframe|object|embed)\b/i)
    expect(html).not.toMatch(/<[^>]+\son\w+\s*=/i)
    expect(html).not.toMatch(/(href|src)="(javascript|data|vbscript):/i)
  })

  test.each(hostile)('bring no HTML into an exported report: %s', (text) => {
    const file = reportMarkdown(reportOf(text))
    // Outside code, every < that could open a tag is escaped.
    expect(file.replaceAll('\\<', '').replaceAll('&lt;', '')).not.toMatch(/<[a-z/!?]/i)
  })
})

/** A report in which every field that people or other systems fill says the same. */
function reportOf(text: string): ReportView {
  const person = { id: 'p', name: text }
  return {
    incident: { number: 1, title: text, severity: 'SEV1', scenario: 'S1', kind: 'real', status: 'resolved' },
    state: 'draft',
    clocks: {
      impactStartedAt: 0,
      restoredAt: null,
      rto: { elapsedMs: 1, targetMs: 1, maximumMs: 1, verdict: 'unknown' },
      rpo: { atMostMs: null, targetMs: 1, maximumMs: 1, verdict: 'unknown', committedLoss: 'unknown' },
      availability: { share: null, budgetMs: 1, contradiction: null },
    },
    split: [],
    loss: { says: text, commits: null, seconds: null },
    measures: [{ label: text, value: null, unit: 'count', verdict: null }],
    story: [{ id: '1', occurredAt: 0, actor: person, text }],
    steps: [{ number: '1', title: text, effect: 'READ', estimate: null, actualMs: null, state: 'confirmed' }],
    approvals: [{ title: text, decision: 'approved', by: text, at: null, digest: 'd' }],
    rows: [
      {
        ...{ runId: 'r', table: text, key: [text], merged: text },
        listed: [{ kind: 'source', count: 2, merged: 0, keys: [{ key: text, merged: false }] }],
      },
    ],
    checklist: { items: [{ number: 1, title: 'x', state: 'failed', says: text, evidence: [] }] },
    sections: [{ key: 'summary', title: 'Summary', text }],
    actions: [{ state: 'open', title: text, owner: person, dueOn: null }],
    rca: { at: 0 },
    record: { says: 'whole', head: 'h' },
  } as unknown as ReportView
}
