import { expect, it } from 'vitest'
import { environmentSchema } from '../../config/environment'
import { presentEnvironment } from './environment'

const file = {
  name: 'castmatch',
  kind: 'production',
  aws: {
    accountId: '123456789012',
    region: 'us-west-2',
    drRegion: 'us-east-1',
    clusterId: 'castmatch-prod',
    endpointUrl: 'https://user:hidden-a@vpce.example/rds?token=hidden-b',
  },
  database: { name: 'castmatch', user: 'warroom', passwordVariable: 'DB_PASSWORD', applicationRoles: ['app', 'jobs'] },
  kubernetes: null,
  poolers: [],
  metrics: { url: 'https://user:hidden-c@prometheus.example/api?key=hidden-d' },
  integrations: { statusPage: { url: 'https://hooks.example/hidden-e', tokenVariable: 'STATUS_TOKEN' } },
}
const view = presentEnvironment(environmentSchema.parse(file), ['http://u:hidden-f@runner-1:3001/'])
const facts = new Map(view.groups.flatMap((group) => group.facts).map((fact) => [fact.name, fact]))

it('the environment is shown as it is configured, and says what is not set up', () => {
  expect(facts.get('Cluster')?.values).toEqual(['castmatch-prod'])
  expect(facts.get('Application')?.values).toEqual(['app', 'jobs'])
  expect(facts.get('API')?.values).toEqual(['https://vpce.example/rds'])
  expect(facts.get('Runners')?.values).toEqual(['http://runner-1:3001'])
  expect(facts.get('Poolers')).toMatchObject({ values: [], missing: 'not set up' })
  expect(facts.get('Recovered as')?.missing).toContain('only a security group')
})

it('names and passwords in addresses, their questions, and the path of a webhook are not shown', () => {
  expect(JSON.stringify(view)).not.toMatch(/hidden-/)
})
