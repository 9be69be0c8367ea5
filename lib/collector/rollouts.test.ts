import { expect, test } from 'vitest'
import type { Mark, WorkloadView } from '../domain/cluster/types'
import { Rollouts } from './rollouts'

const view = (release: string | undefined, deployment = 'api'): WorkloadView => ({
  namespace: 'production',
  deployment,
  replicas: 1,
  ready: 1,
  updated: 1,
  databaseHost: null,
  rollout: 'complete',
  rolloutDetail: '',
  ...(release && { release }),
  pods: [],
})

test('each new template is told once, with its deployment; what runs at the first look is not news', () => {
  const told: Mark[] = []
  const rollouts = new Rollouts((mark) => told.push(mark))
  rollouts.look(null, 1)
  rollouts.look(view('revision 3, api:1'), 2)
  rollouts.look(view('revision 3, api:1'), 3)
  rollouts.look(view('revision 8, worker:1', 'worker'), 4)
  rollouts.look(null, 5)
  rollouts.look(view(undefined), 6)
  rollouts.look(view('revision 4, api:2'), 7)
  rollouts.look(view('revision 4, api:2'), 8)
  expect(told).toEqual([{ at: 7, kind: 'deployment', text: 'api: revision 4, api:2' }])
})
