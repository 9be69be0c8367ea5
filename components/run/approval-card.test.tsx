/** What a second person reads before they approve, and what the report says of it afterwards: the same digest, and a loss that explains itself. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { allowed, notAllowed } from '../../lib/domain/right'
import type { ApprovalView, RunRights, RunView } from '../../lib/domain/run/view'
import { lossShown } from '../../lib/procedures/steps/promotion-bound'
import type { RunActions } from '../../lib/web/present/actions'
import { formatDigest } from '../../lib/web/present/format'
import { Approvals } from '../report/report-tables'
import { ApprovalCard } from './approval-card'

const digest = 'a1b2c3d4e5f6071829304152637485960a1b2c3d4e5f60718293041526374859'
const known = {
  atLeast: { seconds: 0.4, bytes: 39_000 },
  atMost: { seconds: 180, bytes: 360_000_000 },
  confidence: 'low',
}
const approval = {
  id: 'a',
  stepId: 's',
  state: 'open',
  kind: null,
  digest,
  title: 'Fail over to replica-2',
  shown: {
    environment: 'lab',
    facts: [],
    loss: lossShown(known as Parameters<typeof lossShown>[0], 60),
    commands: [],
  },
  requestedAt: 0,
  expiresAt: 600_000,
  decidedAt: null,
  decidedBy: null,
  reason: null,
  typeToConfirm: 'replica-2',
  signed: false,
} satisfies ApprovalView
const rights = new Proxy({} as RunRights, { get: (_of, act) => (act === 'approve' ? allowed : notAllowed('No.')) })
const run = {
  id: 'r',
  environmentKind: 'lab',
  reason: 'The writer is down.',
  startedBy: { id: 'ann', name: 'Ann' },
  approvals: [approval],
  outside: [],
} as unknown as RunView

const card = renderToStaticMarkup(
  <QueryClientProvider client={new QueryClient()}>
    <ApprovalCard
      run={run}
      approval={approval}
      rights={rights}
      approvers={[]}
      signing={null}
      actions={{} as RunActions}
      viewerId="kai"
    />
  </QueryClientProvider>,
)

it('says the likely loss, the worst case and why, and which of them is compared with the limit', () => {
  for (const words of [
    'Likely loss',
    'Worst case',
    '3 min (360 MB)',
    'may have written since its last known position',
    'The likely loss is compared with the limit: 0.4 s of 60 s allowed. The worst case is not.',
  ])
    expect(card).toContain(words)
})

it('shows the digest by which the report names the same approval', () => {
  const given = { runId: 'r', title: approval.title, decision: 'approved', by: 'Kai', at: 0, digest, breakGlass: false }
  const report = { approvals: [given] } as unknown as Parameters<typeof Approvals>[0]['report']
  expect(card).toContain(formatDigest(digest))
  expect(renderToStaticMarkup(<Approvals report={report} />)).toContain(formatDigest(digest))
})

it('has the place to which the strip leads', () => {
  expect(card).toContain('id="approval"')
})
