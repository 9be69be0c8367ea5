import type { AwsCall } from '../../domain/procedure/call'
import { differences, type Expected } from '../../domain/restore/compare'
import { copyName, instanceName } from '../../domain/restore/names'
import { type Restorable, runTag } from '../../domain/restore/restorable'
import { PortError } from '../../ports/port-error'
import type { StepContext, Surroundings, World } from '../contract'
import { needed } from '../facts'
import { placeholder } from '../previewing'
import type { PointFacts } from './facts'
import type { PointInputs } from './inputs'

/* The copy of a run: how it is called, how it is made, and whether what is found under its name is its own. */

export type Ctx = StepContext<PointInputs, PointFacts>

/** The name of the run's present copy, from what was fixed when the run was started. */
export const nameOfCopy = ({ inputs, facts }: Pick<Ctx, 'inputs' | 'facts'>, environment: Surroundings): string =>
  copyName(
    inputs.nameBase || environment.aws.clusterId,
    needed(facts.nameSuffix, 'the names'),
    (facts.formerCopies?.length ?? 0) + 1,
  )

/** Members that are known: one that is not is left out, so that the API's own rule holds. */
const given = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T

const tagged = (tags: Record<string, string>, runId: string) => [
  // Tags of AWS itself cannot be given, and those of an earlier run are not this run's.
  ...Object.entries(tags)
    .filter(([key]) => !/^aws:/i.test(key) && key !== runTag)
    .map(([Key, Value]) => ({ Key, Value })),
  { Key: runTag, Value: runId },
]
const optional = <T>(value: T | null): T | undefined => value ?? undefined

/** Lets in the War Room alone. Null where none is configured: then the guard lets no copy be made. */
export const quarantineOf = ({ aws }: Surroundings): string | null => aws.recoverySecurityGroupId ?? null
const groupOf = (environment: Surroundings): string =>
  quarantineOf(environment) ?? placeholder('recovery security group')

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

function classOf({ inputs, facts }: Ctx, n: number): string {
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

/** Deletes the copy, or one of its instances, without a last snapshot: what it holds is the backup's. */
export const deleteCall = (environment: Surroundings, kind: 'cluster' | 'instance', id: string): AwsCall => {
  const aws = { kind: 'aws', service: 'rds', region: environment.aws.region } as const
  return kind === 'cluster'
    ? { ...aws, operation: 'DeleteDBCluster', input: { DBClusterIdentifier: id, SkipFinalSnapshot: true } }
    : { ...aws, operation: 'DeleteDBInstance', input: { DBInstanceIdentifier: id, SkipFinalSnapshot: true } }
}

/** Everything that was made under a name; null where nothing is. Throws PortError when that is not known. */
export async function lookAtCopy(world: World, id: string): Promise<Restorable | null> {
  try {
    return await world.fleet.restorable(id)
  } catch (error) {
    if (error instanceof PortError && error.errorClass === 'missing') return null
    throw error
  }
}

/** Is what stands under the name this run's own? A sentence when it is somebody else's, which nothing may touch. */
export const foreign = (found: { id: string; tags: Record<string, string> }, runId: string): string | null =>
  found.tags[runTag] === runId
    ? null
    : `${found.id} exists and is not this run's: its tag ${runTag} is ${found.tags[runTag] ?? 'missing'}. Nothing of it was touched. Start a run with another name.`

/** How the copy differs from what it must be. */
export function copyDifferences(ctx: Ctx, environment: Surroundings, copy: Restorable, serves: boolean) {
  const source = needed(ctx.facts.source, 'the source')
  const expected: Expected = {
    source: source.attributes,
    quarantine: serves ? null : [groupOf(environment)],
    tags: Object.fromEntries(tagged(source.tags, ctx.runId).map(({ Key, Value }) => [Key, Value])),
    instances: source.instances.map((one, i) => ({ ...one, instanceClass: classOf(ctx, i) })),
  }
  return differences(expected, copy)
}
