import type { Snapshot } from '../../domain/cluster/types'
import type { Surroundings } from '../contract'
import type { FixedNode } from '../facts'
import { imaginedWorkloads } from '../imagined-workloads'
import { placeholder } from '../previewing'
import { nameOfCopy } from '../steps/copy'
import type { Ctx } from './copy'
import type { RestoreFacts } from './facts'
import { damageIn, meantIn, restoreInputs } from './inputs'

const node = (role: string, address: string): FixedNode => ({
  id: placeholder(role),
  host: placeholder(address),
  port: 5432,
  zone: placeholder('zone'),
  instanceClass: placeholder('class'),
  timeline: null,
  lsn: null,
  multiAz: false,
  securityGroupIds: [placeholder('former security groups')],
})

/** A restore as it would be if it began now, for the commands on its page: a cutover, which has every step. */
export function imaginedRestore(snapshot: Snapshot | null, environment: Surroundings): Pick<Ctx, 'inputs' | 'facts'> {
  const inputs = {
    ...restoreInputs.parse({}),
    goal: 'cutover' as const,
    maintenanceBy: placeholder('name'),
  }
  const summary = snapshot?.s3Backups.value ?? null
  const best = summary && meantIn(summary, '', damageIn(snapshot, inputs))
  const writer = snapshot?.nodes.find(({ id }) => id === snapshot.writerId)
  const facts: RestoreFacts = {
    topology: snapshot && snapshot.topology !== 'unknown' ? snapshot.topology : 'hybrid',
    clusterId: environment.aws.clusterId,
    nameSuffix: placeholder('time and run'),
    writerBefore: node('writer of the source', 'endpoint of the source'),
    target: node('the copy', 'endpoint of the copy'),
    endpoint: { host: placeholder('endpoint of the copy'), port: 5432 },
    readerEndpoint: null,
    fenceRoute: 'sql',
    masterUsername: placeholder('master user'),
    backup: {
      place: 'own',
      bucket: placeholder('bucket'),
      region: environment.aws.region,
      key: best?.key ?? placeholder('object'),
      versionId: placeholder('version'),
      etag: placeholder('etag'),
      size: best?.size ?? 0,
      sha256: placeholder('SHA-256'),
      takenAt: best?.takenAt ?? 0,
      takenBy: 'job',
      storageClass: 'STANDARD',
    },
    roles: null,
    source: {
      kind: snapshot?.topology === 'instance' ? 'instance' : 'cluster',
      id: environment.aws.clusterId,
      attributes: {
        engine: placeholder('engine'),
        engineVersion: placeholder('version'),
        port: 5432,
        subnetGroup: placeholder('subnet group'),
        parameterGroup: placeholder('parameter group'),
        securityGroupIds: [placeholder('security groups')],
        encrypted: true,
        kmsKeyId: placeholder('KMS key'),
        storageType: placeholder('storage type'),
        iops: null,
        storageGiB: null,
        iamAuthentication: false,
        logExports: [],
        deletionProtection: true,
        copyTagsToSnapshots: true,
        backupRetentionDays: 7,
        multiAz: false,
      },
      instances: [
        {
          instanceClass: writer?.instanceClass ?? placeholder('class'),
          parameterGroup: placeholder('parameter group'),
          promotionTier: 1,
          publiclyAccessible: false,
        },
      ],
      tags: {},
    },
    ...imaginedWorkloads(snapshot, environment),
  }
  return { inputs, facts: { ...facts, copyId: nameOfCopy({ inputs, facts }, environment) } }
}
