import { describe, expect, test } from 'vitest'
import type { Snapshot } from '../domain/cluster/types'
import type { Surroundings } from './contract'
import { previewsOf } from './previewing'
import { primaryFailover } from './primary-failover'

const environment: Surroundings = {
  name: 'castmatch-prod',
  kind: 'production',
  aws: {
    accountId: '123456789012',
    region: 'us-west-2',
    drRegion: 'us-east-1',
    clusterId: 'castmatch-prod-cluster',
    crossRegionReplicaId: null,
    quarantineSecurityGroupId: 'sg-quarantine',
  },
  database: { name: 'castmatch', user: 'warroom', applicationRoles: ['castmatch_app'], criticalTables: ['users'] },
  kubernetes: {
    context: 'prod',
    namespace: 'production',
    deployments: ['castmatch-api'],
    hostVariable: 'DATABASE_HOST',
  },
  poolers: [{ name: 'p', host: '10.0.0.5', port: 6432, database: 'castmatch', user: 'pooler' }],
  policy: { breakGlass: true, twoPersons: true },
}
const address = (host: string) => ({ host, port: 5432 })
const snapshot = {
  topology: 'hybrid',
  writerId: 'castmatch-prod-primary',
  nodes: [
    { id: 'castmatch-prod-primary', address: address('10.0.1.1'), position: { value: null } },
    { id: 'castmatch-prod-replica-2', address: address('10.0.1.3'), position: { value: null } },
  ],
  candidates: [{ nodeId: 'castmatch-prod-replica-2', best: true, allowed: 'allowed' }],
  network: { value: { endpoint: 'castmatch.cluster.example:5432' } },
  workload: {
    value: {
      deployment: 'castmatch-api',
      databaseHost: '10.0.1.1',
      hostSettings: [
        { container: 'api', init: false, by: 'value', host: '10.0.1.1' },
        { container: 'migrate', init: true, by: 'value', host: '10.0.1.1' },
        { container: 'metrics', init: false, by: 'reference', from: 'secret db' },
      ],
      replicas: 6,
    },
  },
} as unknown as Snapshot

const commands = (seen: Snapshot | null) => {
  const found = previewsOf(primaryFailover, seen, environment)
  return (id: string) => found.get(id)?.commands.join('\n') ?? ''
}

describe('the commands on a procedure’s page', () => {
  test('are those of a run that began now, with the names of the latest picture', () => {
    const of = commands(snapshot)
    expect(of('fail-over')).toContain('--target-db-instance-identifier castmatch-prod-replica-2')
    expect(of('switch-castmatch-api')).toContain('castmatch.cluster.example')
    // By the names that the deployment has now; what takes the host from elsewhere is not patched.
    expect(of('switch-castmatch-api')).toMatch(/"name": ?"api"/)
    expect(of('switch-castmatch-api')).toMatch(/"name": ?"migrate"/)
    expect(of('switch-castmatch-api')).not.toContain('metrics')
    expect(of('hold-traffic')).toContain("-c 'PAUSE castmatch'")
    expect(of('confirm')).toContain('aws rds describe-events')
    expect(previewsOf(primaryFailover, snapshot, environment).get('switch-castmatch-api')?.undo).toContain('10.0.1.1')
  })

  test('say by name what only a run can know, when there is no snapshot', () => {
    expect(commands(null)('fail-over')).toContain("--target-db-instance-identifier '<target>'")
    expect(commands(null)('switch-castmatch-api')).toContain('<cluster endpoint>')
    expect(commands(null)('switch-castmatch-api')).toContain('<each container that sets it>')
  })

  test('stand at every step but the one that asks a person', () => {
    const silent = [...previewsOf(primaryFailover, null, environment)].filter(([, p]) => p.commands.length === 0)
    expect(silent.map(([id]) => id)).toEqual(['approve'])
  })
})
