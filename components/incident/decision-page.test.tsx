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

it('has every fact in the first HTML', () => {
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
  const incident = { number: 12, title: 'Bookings deleted', scenario: 'S4', sheet, clocks } as IncidentView
  const html = renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <DecisionPage first={incident} />
    </QueryClientProvider>,
  )
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
