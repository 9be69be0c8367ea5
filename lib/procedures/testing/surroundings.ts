import type { Manifest } from '../../domain/procedure/apply-call'
import type { Surroundings } from '../contract'

/** A deployment as a repository has it for the recovery region. */
export const applicationManifest: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', labels: { app: 'api' } },
  spec: {
    selector: { matchLabels: { app: 'api' } },
    template: {
      metadata: { labels: { app: 'api' } },
      spec: {
        containers: [
          {
            name: 'api',
            image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/api:2',
            env: [
              { name: 'DATABASE_HOST', value: 'db' },
              { name: 'DATABASE_PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } },
            ],
            resources: { requests: { cpu: '500m', memory: '512Mi' } },
          },
        ],
      },
    },
  },
}

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
  kubernetes: {
    context: 'k',
    namespace: 'n',
    deployments: ['api'],
    hostVariable: 'DATABASE_HOST',
    drContext: 'k-dr',
    drApplication: { namespace: null, manifests: [applicationManifest], replicas: { api: 12 }, terraform: null },
  },
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
