import type { Surroundings } from '../contract'

/** Production with all that a procedure can meet there: a pooler, workloads, a quarantine group, a recovery role, names. */
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
  names: {
    records: [
      { use: 'database', name: 'db.castmatch.internal', zoneId: 'Z1', zone: 'private' },
      { use: 'api', name: 'api.castmatch.test', zoneId: 'Z2', zone: 'public' },
    ],
    switchObject: { bucket: 'switch', key: 'failover/database', region: 'us-east-1' },
  },
  policy: { breakGlass: true, twoPersons: true },
}
