/** The decision sheet as the server renders it: what can be done first, doing nothing last, and no time where nothing is repaired. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { decisionSheet } from '../../lib/domain/incident/decision'
import type { ClocksView, IncidentView } from '../../lib/domain/incident/view'
import { catalogue } from '../../lib/procedures/index'
import { DecisionPage } from './decision-page'

const min = 60_000
const now = Date.UTC(2026, 10, 29, 4)
const objectives = {
  rto: { targetSeconds: 3600, maximumSeconds: 14_400 },
  rpo: { targetSeconds: 900, maximumSeconds: 3600 },
  monthlyAvailability: 0.999,
}

const page = (more: Partial<IncidentView> = {}): string => {
  const impactStartedAt = now - 18 * min
  const sheet = decisionSheet({
    scenario: 'S4',
    impactStartedAt,
    now,
    procedures: catalogue,
    seen: { topology: 'hybrid', rdsObservedAt: now, candidates: [] },
    candidates: [],
    damage: { scenario: 'S4', tables: ['bookings'], says: ['2318 rows are missing.'], firstBadAt: impactStartedAt },
    restorePointAt: impactStartedAt - 1000,
    backupTakenAt: null,
    observedAt: now,
    twoPersons: true,
    running: null,
    objectives,
    checked: ({ inputs }) =>
      inputs.goal === 'cutover'
        ? {
            at: now,
            checks: [{ id: 'x', title: 'Maintenance window', result: 'block', message: 'Not confirmed yet.' }],
          }
        : null,
  })
  const clocks = {
    impactStartedAt,
    restoredAt: null,
    resolvedAt: null,
    now,
    rto: { elapsedMs: 18 * min, targetMs: 60 * min, maximumMs: 240 * min },
    rpo: { targetMs: 15 * min, maximumMs: 60 * min },
  } as ClocksView
  const rights = { decide: { allowed: true, why: null } } as IncidentView['rights']
  const own = {
    number: 12,
    title: 'Bookings deleted',
    scenario: 'S4',
    sheet,
    clocks,
    rights,
    decided: null,
    deciding: true,
  }
  const incident = { ...own, ...more } as IncidentView
  return renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <DecisionPage first={incident} decide={async () => ({ ok: true, value: undefined })} />
    </QueryClientProvider>,
  )
}

it('has every fact in the first HTML', () => {
  const html = page()
  expect([...html.matchAll(/data-option="([^"]+)"/g)].map(([, id]) => id)).toEqual([
    'P2-extract',
    'P2-cutover',
    'P2-inspect',
    'P4',
    'P1',
    'P3',
    'nothing',
  ])
  for (const words of [
    'The RTO of 1 h cannot be met any more, even in the best case.',
    'Maintenance window: Not confirmed yet.',
    '1 BLOCKED',
    'Two approvals by a second person: restore and merge.',
    'Readers contain the same damage',
    'more each minute',
    'goal=extract&amp;damagedTables=bookings',
  ])
    expect(html).toContain(words)
})

it('offers to decide for what can be done, and for doing nothing', () => {
  const chosen = [...page().matchAll(/aria-label="Choose ([^"]+)"/g)].map(([, name]) => name)
  expect(chosen).toEqual(['P2 Extract and merge', 'P2 Cut over', 'P2 Inspect a copy', 'P4 From S3', 'Do nothing'])
})

it('shows who decided, when and why, and leads to the form of that way', () => {
  const decided = { option: 'P2-extract', title: 'P2 Point-in-time recovery: Extract and merge', at: now - min }
  const html = page({ decided: { ...decided, reason: 'One table is damaged', by: { id: 'k', name: 'Kai' } } })
  for (const words of ['Decided by Kai at 03:59 UTC', 'One table is damaged', 'DECIDED', 'Decide again'])
    expect(html).toContain(words)
  expect(html).toMatch(
    /goal=extract&amp;damagedTables=bookings&amp;at=2026-11-29T03%3A41%3A59.000Z&amp;reason=One\+table\+is\+damaged/,
  )
})

it('says why somebody cannot decide, and offers nothing to them', () => {
  const decide = { allowed: false as const, code: 'not-allowed' as const, why: 'Only the commander can do this.' }
  const html = page({ rights: { decide } as IncidentView['rights'] })
  expect(html).toContain('Only the commander can do this.')
  expect(html).not.toContain('aria-label="Choose')
})

it('recommends nothing once the service is restored', () => {
  const html = page({ deciding: false })
  expect(html).not.toContain('aria-label="Recommendation"')
  expect(html).toContain('No procedure is recommended')
})
