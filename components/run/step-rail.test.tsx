import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { StepView } from '../../lib/domain/run/view'
import { StepRail } from './step-rail'

const stage = { id: 'create', title: 'Create the instances', atOnce: 2, whenOneFails: 'others-hold' as const }
const step = (index: number, id: string, state: StepView['state'], of: StepView['stage'] = null) =>
  ({
    ...{ index, id, title: id, state, stage: of, effect: 'SAFE', asks: false, startedAt: null, finishedAt: null },
    estimate: { lowSeconds: 10, highSeconds: 60 },
  }) as StepView
const seen = (steps: StepView[]) =>
  renderToStaticMarkup(<StepRail steps={steps} currentId="b" shownId="b" onShow={() => {}} />)

test('steps that run at the same time stand under one heading, and all that are at work are marked', () => {
  const page = seen([
    step(0, 'a', 'confirmed'),
    step(1, 'b', 'verifying', stage),
    step(2, 'c', 'checking', stage),
    step(3, 'd', 'pending', stage),
    step(4, 'e', 'pending'),
  ])
  expect(page.match(/Create the instances/g)).toHaveLength(1)
  expect(page).toContain('at the same time, 2 at most; when one fails, no other starts')
  expect(page.match(/aria-current="step"/g)).toHaveLength(2)
  expect(page.match(/data-stage="create"/g)).toHaveLength(3)
})

test('of steps one after the other, one is marked', () => {
  const page = seen([step(0, 'a', 'confirmed'), step(1, 'b', 'verifying'), step(2, 'c', 'pending')])
  expect(page.match(/aria-current="step"/g)).toHaveLength(1)
  expect(page).not.toContain('at the same time')
})
