/** The first HTML has every fact: counts, rows side by side with the differing values marked, and why rows are missing. */
import { QueryClientProvider } from '@tanstack/react-query'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test, vi } from 'vitest'
import type { ReconcileView, RowsPage } from '../../lib/domain/reconcile/view'
import { notAllowed } from '../../lib/domain/right'
import { queryClient } from '../../lib/queries/client'
import { ReconcileScreen } from './reconcile-screen'

vi.mock('next/navigation', () => ({ useRouter: () => ({ refresh: () => {} }) }))

const view = (more: Partial<ReconcileView> = {}): ReconcileView => ({
  run: { id: '8c51e0aa', title: 'Restore', mode: 'real', state: 'running', incidentNumber: 12 },
  batch: 'b 1',
  source: 'copy:5432/castmatch',
  target: 'live:5432/castmatch',
  comparedAt: 0,
  tables: [
    {
      ...{ table: 'public.bookings', onlySource: 2327, onlyTarget: 412, different: 37, same: 9, digest: 'd' },
      ...{
        key: ['id'],
        dropped: null,
        triggers: ['touch'],
        triggersStay: true,
        policy: { kind: 'insert-missing' },
        triggersOn: true,
        effect: null,
      },
    },
    {
      ...{ table: 'public.users', onlySource: 0, onlyTarget: 0, different: 0, same: 5, digest: 'e' },
      ...{
        key: ['id'],
        dropped: null,
        triggers: [],
        triggersStay: false,
        policy: { kind: 'skip' },
        triggersOn: true,
        effect: null,
      },
    },
  ],
  chosenBy: null,
  effect: null,
  approval: null,
  merged: null,
  digest: 'f'.repeat(64),
  asks: { stepId: 'choose', right: { allowed: true, why: null } },
  rows: { allowed: true, why: null },
  ...more,
})
const page = (more: Partial<RowsPage> = {}): RowsPage => ({
  table: 'public.bookings',
  kind: 'different',
  after: null,
  rows: [
    {
      key: '["1"]',
      columns: ['status'],
      source: { id: '1', status: 'confirmed', note: null },
      target: { id: '1', status: '<b>checked_in</b>', note: null },
    },
  ],
  next: '["1"]',
  ...more,
})
const seen = (of: ReconcileView, rows: RowsPage | null) =>
  renderToStaticMarkup(
    <QueryClientProvider client={queryClient()}>
      <ReconcileScreen view={of} rows={rows} answer={async () => ({ ok: true, value: null })} />
    </QueryClientProvider>,
  )

test('shows counts, rows of both sides, what differs, and the way to the next rows and the file', () => {
  const html = seen(view(), page())
  expect(html).toContain('1 of 2 tables differ')
  expect(html).toContain('2,327')
  expect(html).toMatch(/<mark[^>]*>confirmed<\/mark>/)
  expect(html).toMatch(/<mark[^>]*>&lt;b&gt;checked_in&lt;\/b&gt;<\/mark>/)
  expect(html).toContain('NULL')
  expect(html).toContain('after=%5B%221%22%5D')
  expect(html).toContain('/api/runs/8c51e0aa/rows?table=public.bookings&amp;kind=different&amp;format=csv')
  // What would come of it is shown before anything is chosen.
  expect(html).toContain('2327 inserted')
  expect(html).toContain('Mark the row [&quot;1&quot;]')
})

test('says who chose and approved, and offers nothing to whoever may not choose', () => {
  const html = seen(
    view({
      asks: { stepId: 'choose', right: notAllowed('This takes the role commander.') },
      chosenBy: { name: 'Ann', at: 0 },
      effect: { insert: 3, update: 1, remove: 2 },
      approval: { state: 'approved', by: 'Ben', digest: 'a' },
    }),
    page(),
  )
  expect(html).toContain('approved by Ben')
  expect(html).toContain('3 inserted, 1 overwritten, 2 deleted')
  expect(html).toContain('This takes the role commander.')
  expect(html).not.toContain('<select')
  expect(html).not.toContain('Mark the row')
})

test('without rows it says why, and keeps the counts', () => {
  const html = seen(
    view({ rows: notAllowed('This takes the role responder.') }),
    page({ rows: { why: 'No runner responds.' }, next: null }),
  )
  expect(html).toContain('No runner responds.')
  expect(html).toContain('2,327')
  expect(html).not.toContain('Download')
})
