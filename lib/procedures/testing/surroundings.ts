import type { Surroundings } from '../contract'

/** Production with all that a procedure can meet there: a pooler, workloads, a quarantine group, a recovery role. */
export const everything: Surroundings = {
  name: 'production',
  kind: 'production',
  aws: {
    accountId: '123456789012',
    region: 'us-west-2',
    drRegion: 'us-east-1',
    clusterId: 'castmatch-prod-cluster',
    crossRegionReplicaId: null,
    quarantineSecurityGroupId: 'sg-1',
  },
  database: { name: 'd', user: 'u', recovery: { user: 'r' }, applicationRoles: ['app'], criticalTables: ['users'] },
  kubernetes: { context: 'k', namespace: 'n', deployments: ['api'], hostVariable: 'DATABASE_HOST' },
  poolers: [{ name: 'p', host: 'p', port: 6432, database: 'd', user: 'u' }],
  policy: { breakGlass: true, twoPersons: true },
}
