import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readEnvironmentFile } from './environment'
import { reachProblems } from './reach'

test('the example of the deployment guide is a whole environment file that holds no secret', () => {
  const environment = readEnvironmentFile(join(import.meta.dirname, '../../docs/deployment/environment.example.json'))
  expect(environment).toMatchObject({ kind: 'production', policy: { breakGlass: true, twoPersons: true } })
  expect(environment.integrations?.pagerduty?.url).toBe('https://events.pagerduty.com')
  expect(reachProblems(environment, [])).toEqual([])
})
