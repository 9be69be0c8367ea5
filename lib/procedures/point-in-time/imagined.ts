import type { Snapshot } from '../../domain/cluster/types'
import type { Surroundings } from '../contract'
import type { FixedNode } from '../facts'
import { imaginedWorkloads } from '../imagined-workloads'
import { placeholder } from '../previewing'
import { nameOfCopy } from '../steps/copy'
import type { Ctx } from './copy'
import type { PointFacts } from './facts'
import { homeNodes, usualCount } from './form'
import { pointInputs } from './inputs'

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

/** A recovery as it would be if it began now, for the commands on its page: a cutover, which has every step. */
export function imaginedRecovery(snapshot: Snapshot | null, environment: Surroundings): Pick<Ctx, 'inputs' | 'facts'> {
  const now = snapshot?.backups.value?.latestRestorableAt ?? 0
  const inputs = {
    ...pointInputs.parse({}),
    goal: 'cutover' as const,
    instanceCount: usualCount(snapshot),
    maintenanceBy: placeholder('name'),
  }
  const known = homeNodes(snapshot)
  const instances = Array.from({ length: Math.max(1, known.length) }, (_, i) => ({
    instanceClass: known[i]?.instanceClass ?? placeholder('class'),
    parameterGroup: placeholder('parameter group'),
    promotionTier: 1,
    publiclyAccessible: false,
  }))
  const facts: PointFacts = {
    topology: snapshot && snapshot.topology !== 'unknown' ? snapshot.topology : 'hybrid',
    clusterId: environment.aws.clusterId,
    nameSuffix: placeholder('time and run'),
    writerBefore: { ...node('writer of the source', 'endpoint of the source') },
    target: node('writer of the copy', 'endpoint of the copy'),
    endpoint: { host: placeholder('endpoint of the copy'), port: 5432 },
    readerEndpoint: null,
    restoreAt: now,
    fenceRoute: 'sql',
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
      instances,
      tags: {},
    },
    ...imaginedWorkloads(snapshot, environment),
  }
  return { inputs, facts: { ...facts, copyId: nameOfCopy({ inputs, facts }, environment) } }
}
