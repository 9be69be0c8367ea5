import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { RunRights, RunView, StepChoice, StepView } from '../../lib/domain/run/view'
import type { RunActions } from '../../lib/web/present/actions'
import { StepPanel } from './step-panel'

const rights = new Proxy({} as RunRights, { get: () => ({ allowed: true, why: null }) })
const choice = (kind: StepChoice['kind'], label: string, more: Partial<StepChoice> = {}): StepChoice => ({
  kind,
  label,
  consequence: `What follows from ${label}.`,
  needsReason: false,
  needsSecondPerson: false,
  impossible: null,
  subject: null,
  ...more,
})
const step = (more: Partial<StepView>) =>
  ({
    id: 'switch-api',
    number: 'P1.7',
    title: 'Point api at the new writer',
    effect: 'SAFE',
    asks: false,
    estimate: { lowSeconds: 5, highSeconds: 300 },
    measured: null,
    why: 'Pods stay with the old writer otherwise.',
    provedBy: 'Every pod is ready.',
    undoneBy: 'The former value',
    command: 'kubectl patch deployment api',
    undoCommand: null,
    sentence: 'Ann runs it manually: the cluster is being drained.',
    startedAt: 1,
    finishedAt: null,
    attempts: 0,
    call: null,
    effects: [],
    skippedBy: null,
    wait: null,
    choices: [],
    index: 8,
    state: 'by-hand',
    ...more,
  }) as StepView

const seen = (of: StepView) =>
  renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <StepPanel
        run={{ id: 'r', incidentNumber: null } as RunView}
        step={of}
        rights={rights}
        actions={{} as RunActions}
      />
    </QueryClientProvider>,
  )

test('a step that a person does manually shows the exact command, and how to have it proved', () => {
  const page = seen(
    step({ choices: [choice('hand-done', 'Verify that it is done'), choice('retry', 'Let the runner do it')] }),
  )
  for (const words of ['MANUAL', 'Manual steps', 'kubectl patch deployment api', 'Verify that it is done'])
    expect(page).toContain(words)
})

test('a wait shows how long it still is and what a person may add', () => {
  const page = seen(
    step({ state: 'checking', sentence: 'The reader is behind.', wait: { since: 0, until: 300_000, addsMs: 300_000 } }),
  )
  expect(page).toContain('05:00')
  expect(page).toContain('Wait 5 min longer')
})

test('another writer is offered by name, before the usual ways on', () => {
  const accept = choice('accept', 'Accept r2 as the writer', { subject: 'r2', needsReason: true })
  const page = seen(step({ state: 'failed', choices: [accept, choice('retry', 'Try again')] }))
  expect(page.indexOf('Accept r2 as the writer')).toBeLessThan(page.indexOf('Try again'))
})
