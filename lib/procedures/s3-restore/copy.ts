import type { AwsCall, LoadCall } from '../../domain/procedure/call'
import type { RestoreAttributes } from '../../domain/restore/restorable'
import { judgeContents, recoveryPointFinding } from '../../domain/restore/validation'
import type { StepContext, Surroundings } from '../contract'
import { needed } from '../facts'
import { placeholder } from '../previewing'
import { type CopyMaker, given, groupOf, optional, tagged, tagsOf } from '../steps/copy'
import type { RestoreFacts } from './facts'
import { type RestoreInputs, tablesIn } from './inputs'
import { otherBackups } from './other-backups'

/* The instance into which a backup is loaded: how it is made, and what it must be. */

export type Ctx = StepContext<RestoreInputs, RestoreFacts>

const gib = 2 ** 30
/** Room that a loaded dump needs, against its size as it is stored: it is compressed, and has no indexes. */
const roomFactor = 2.5
/** From this size on gp3 takes provisioned IOPS, GiB. */
const iopsFromGiB = 400

function storageOf({ facts }: Ctx): Pick<RestoreAttributes, 'storageType' | 'storageGiB' | 'iops'> {
  const { storageType, storageGiB, iops } = needed(facts.source, 'the source').attributes
  const room = Math.ceil((needed(facts.backup, 'the backup').size * roomFactor) / gib)
  const size = Math.max(20, storageGiB ?? 0, room)
  const provisioned = storageType?.startsWith('io') || (storageType === 'gp3' && size >= iopsFromGiB)
  return { storageType, storageGiB: size, iops: provisioned ? iops : null }
}

const modelOf = ({ facts }: Ctx) => needed(needed(facts.source, 'the source').instances[0], 'the writer of the source')
export const classOf = (ctx: Ctx) => ctx.inputs.instanceClass || modelOf(ctx).instanceClass

/** What the instance is once it serves: the source's settings, but for what people chose. */
function wanted(ctx: Ctx): RestoreAttributes {
  const { attributes } = needed(ctx.facts.source, 'the source')
  return {
    ...attributes,
    ...storageOf(ctx),
    parameterGroup: modelOf(ctx).parameterGroup,
    multiAz: ctx.inputs.multiAz === 'on',
    backupRetentionDays: ctx.inputs.retentionDays,
  }
}

/** Every setting is told: the API would take the account's defaults. Without backups and standby, which slow a load down. */
export function provisionCall(ctx: Ctx, environment: Surroundings): AwsCall {
  const { facts, runId } = ctx
  const source = needed(facts.source, 'the source')
  const is = wanted(ctx)
  return {
    kind: 'aws',
    service: 'rds',
    operation: 'CreateDBInstance',
    region: environment.aws.region,
    input: given({
      DBInstanceIdentifier: needed(facts.copyId, 'the copy'),
      DBInstanceClass: classOf(ctx),
      Engine: is.engine,
      EngineVersion: is.engineVersion,
      MasterUsername: needed(facts.masterUsername, 'the master user'),
      // RDS makes and keeps the password: nobody sends one.
      ManageMasterUserPassword: true,
      DBSubnetGroupName: optional(is.subnetGroup),
      VpcSecurityGroupIds: [groupOf(environment)],
      DBParameterGroupName: optional(is.parameterGroup),
      Port: optional(is.port),
      AllocatedStorage: optional(is.storageGiB),
      StorageType: optional(is.storageType),
      Iops: optional(is.iops),
      StorageEncrypted: is.encrypted,
      KmsKeyId: is.encrypted ? optional(is.kmsKeyId) : undefined,
      MultiAZ: false,
      BackupRetentionPeriod: 0,
      PubliclyAccessible: modelOf(ctx).publiclyAccessible,
      // What does not serve yet must be deletable; it is protected when it is opened.
      DeletionProtection: false,
      CopyTagsToSnapshot: is.copyTagsToSnapshots,
      EnableIAMDatabaseAuthentication: is.iamAuthentication,
      EnableCloudwatchLogsExports: is.logExports,
      Tags: tagged(source.tags, runId),
    }),
  }
}

/** Longest that a load may take: a day. */
const loadLimitMs = 24 * 3_600_000

export function loadCall(ctx: Ctx, { database, aws }: Surroundings): LoadCall {
  const { facts, runId } = ctx
  const { takenAt: _at, takenBy: _by, storageClass: _class, ...backup } = needed(facts.backup, 'the backup')
  // Before the instance exists its address is not known; the approval shows the command with that place open.
  const endpoint = facts.endpoint ?? { host: placeholder('endpoint of the copy'), port: 5432 }
  const own = [database.user, ...(database.recovery ? [database.recovery.user] : [])]
  const extensions = facts.baseline?.survey?.extensions.map(({ name }) => name) ?? []
  return {
    kind: 'load',
    run: runId,
    backup,
    roles: facts.roles ?? null,
    target: {
      instance: needed(facts.copyId, 'the copy'),
      region: aws.region,
      ...endpoint,
      user: needed(facts.masterUsername, 'the master user'),
      database: database.name,
    },
    needs: { roles: [...new Set([...database.applicationRoles, ...own])], own, extensions },
    rest: { outbox: database.outbox ?? null, by: database.recovery?.user ?? null },
    limitMs: loadLimitMs,
  }
}

/** Backups and a standby, which the load was spared. */
export const hardenCall = (ctx: Ctx, environment: Surroundings): AwsCall => {
  const { multiAz, backupRetentionDays } = wanted(ctx)
  return {
    kind: 'aws',
    service: 'rds',
    operation: 'ModifyDBInstance',
    region: environment.aws.region,
    input: {
      DBInstanceIdentifier: needed(ctx.facts.copyId, 'the copy'),
      MultiAZ: multiAz,
      BackupRetentionPeriod: backupRetentionDays,
      // Retention that goes from 0 would wait for the maintenance window otherwise.
      ApplyImmediately: true,
    },
  }
}

/** An instance that a backup is loaded into: with the settings of the source, and alone in the recovery group until it serves. */
export const loadedCopy: CopyMaker<RestoreInputs, RestoreFacts> = {
  upTo: 'the backup',
  another: 'another backup',
  kind: () => 'instance',
  expected(ctx, environment, serves) {
    const source = needed(ctx.facts.source, 'the source')
    return {
      source: wanted(ctx),
      quarantine: serves ? null : [groupOf(environment)],
      tags: tagsOf(source.tags, ctx.runId),
      instances: [{ ...modelOf(ctx), instanceClass: classOf(ctx) }],
    }
  },
  damaged: ({ damagedTables }) => tablesIn(damagedTables),
  cutsOver: ({ goal }) => goal === 'cutover',
  judge({ facts }, { beat, survey }, measured) {
    const { takenAt, takenBy } = needed(facts.backup, 'the backup')
    return [
      recoveryPointFinding(beat, { takenAt, by: takenBy }),
      ...judgeContents(survey, { ...measured, upTo: 'the backup' }),
    ]
  },
  revisions: (facts) => otherBackups(facts, 'new-copy'),
  duties: () => [],
}
