import type { AwsCall } from '../../domain/procedure/call'
import { instanceName } from '../../domain/restore/names'
import { judgeCopy } from '../../domain/restore/validation'
import type { StepContext, Surroundings } from '../contract'
import { needed } from '../facts'
import { type CopyMaker, given, groupOf, optional, tagged, tagsOf } from '../steps/copy'
import type { PointFacts } from './facts'
import { type PointInputs, tablesIn } from './inputs'
import { otherPoints } from './other-points'

/* The copy of a run: how it is made, and what it must be. */

export type Ctx = StepContext<PointInputs, PointFacts>

/** The restore, with every attribute of the source that the API would set back to a default otherwise. */
export function restoreCall(ctx: Ctx, environment: Surroundings): AwsCall {
  const { facts, runId } = ctx
  const source = needed(facts.source, 'the source')
  const copy = needed(facts.copyId, 'the copy')
  const at = new Date(needed(facts.restoreAt, 'the restore point')).toISOString()
  const { attributes } = source
  const shared = {
    DBSubnetGroupName: optional(attributes.subnetGroup),
    VpcSecurityGroupIds: [groupOf(environment)],
    Port: optional(attributes.port),
    StorageType: optional(attributes.storageType),
    // Only storage with provisioned IOPS takes a number.
    Iops: attributes.engine === 'aurora-postgresql' ? undefined : optional(attributes.iops),
    // A copy that does not serve yet must be deletable; it is protected when it is opened.
    DeletionProtection: false,
    CopyTagsToSnapshot: attributes.copyTagsToSnapshots,
    EnableIAMDatabaseAuthentication: attributes.iamAuthentication,
    EnableCloudwatchLogsExports: attributes.logExports,
    Tags: tagged(source.tags, runId),
  }
  const aws = { kind: 'aws', service: 'rds', region: environment.aws.region } as const
  switch (source.kind) {
    case 'cluster':
      return {
        ...aws,
        operation: 'RestoreDBClusterToPointInTime',
        input: given({
          DBClusterIdentifier: copy,
          SourceDBClusterIdentifier: source.id,
          RestoreToTime: at,
          DBClusterParameterGroupName: optional(attributes.parameterGroup),
          KmsKeyId: optional(attributes.kmsKeyId),
          ...shared,
        }),
      }
    case 'instance':
      return {
        ...aws,
        operation: 'RestoreDBInstanceToPointInTime',
        input: given({
          TargetDBInstanceIdentifier: copy,
          SourceDBInstanceIdentifier: source.id,
          RestoreTime: at,
          DBInstanceClass: classOf(ctx, 0),
          DBParameterGroupName: optional(attributes.parameterGroup),
          MultiAZ: false,
          PubliclyAccessible: source.instances[0]?.publiclyAccessible ?? false,
          ...shared,
        }),
      }
  }
}

export function classOf({ inputs, facts }: Ctx, n: number): string {
  const { instances } = needed(facts.source, 'the source')
  return inputs.instanceClass || needed(instances[n] ?? instances.at(-1), 'an instance of the source').instanceClass
}

/** The n-th instance of a restored cluster, from 1; an instance of the source in the same place is its model. */
export function instanceCall(ctx: Ctx, environment: Surroundings, n: number): AwsCall {
  const { facts, runId } = ctx
  const source = needed(facts.source, 'the source')
  const copy = needed(facts.copyId, 'the copy')
  const model = needed(source.instances[n - 1] ?? source.instances.at(-1), 'an instance of the source')
  return {
    kind: 'aws',
    service: 'rds',
    operation: 'CreateDBInstance',
    region: environment.aws.region,
    input: given({
      DBInstanceIdentifier: instanceName(copy, n),
      DBClusterIdentifier: copy,
      DBInstanceClass: classOf(ctx, n - 1),
      Engine: source.attributes.engine,
      DBParameterGroupName: optional(model.parameterGroup),
      PromotionTier: optional(model.promotionTier),
      PubliclyAccessible: model.publiclyAccessible,
      Tags: tagged(source.tags, runId),
    }),
  }
}

/** A copy of a moment: like its source, and alone in the recovery group until it serves. */
export const pointCopy: CopyMaker<PointInputs, PointFacts> = {
  upTo: 'the restore point',
  another: 'another restore point',
  kind: ({ source }) => needed(source, 'the source').kind,
  expected(ctx, environment, serves) {
    const source = needed(ctx.facts.source, 'the source')
    return {
      source: source.attributes,
      quarantine: serves ? null : [groupOf(environment)],
      tags: tagsOf(source.tags, ctx.runId),
      instances: source.instances.map((one, i) => ({ ...one, instanceClass: classOf(ctx, i) })),
    }
  },
  damaged: ({ damagedTables }) => tablesIn(damagedTables),
  cutsOver: ({ goal }) => goal === 'cutover',
  judge: ({ facts }, copy, measured) =>
    judgeCopy({ ...copy, at: needed(facts.restoreAt, 'the restore point') }, measured),
  revisions: otherPoints,
  duties: ({ facts }) =>
    facts.analyzedAt
      ? []
      : [
          {
            id: 'analyze',
            title: `Run ANALYZE on ${needed(facts.copyId, 'the copy')}`,
            why: 'A restore resets the statistics of the database; autovacuum needs time.',
            state: 'open',
          },
        ],
}
