/**
 * The changing side of the managed database API. A call is a plain serialisable value, built before it is approved: the
 * request, its command-line text and the approval digest are all made from the same object.
 */
export interface AwsCall {
  service: 'rds'
  operation: AwsOperation
  region: string
  /** Members as the API names them; times are ISO 8601 strings. */
  input: Record<string, AwsValue>
}

export type AwsValue = string | number | boolean | AwsValue[] | { [member: string]: AwsValue }

export const awsOperations = [
  'FailoverDBCluster',
  'PromoteReadReplica',
  'RebootDBInstance',
  'ModifyDBInstance',
  'ModifyDBCluster',
  'RestoreDBClusterToPointInTime',
  'CreateDBInstance',
  'CreateDBInstanceReadReplica',
  'DeleteDBInstance',
  'DeleteDBCluster',
  'AddTagsToResource',
] as const
export type AwsOperation = (typeof awsOperations)[number]

export interface AwsAnswer {
  requestId: string | null
  httpStatus: number | null
  /** The answer without its metadata, as plain values (times as ISO strings); for the record. */
  output: unknown
}

/**
 * Sends a call exactly once: no retry, with time limits. Throws PortError whose `detail.outcome` says whether the change
 * certainly did not happen (`rejected`) or may have happened (`unknown`: observe, never repeat blindly).
 */
export interface FleetControl {
  execute(call: AwsCall, signal?: AbortSignal): Promise<AwsAnswer>
}

/** Forces a cluster's writer role onto a member. */
export const failoverCluster = (region: string, clusterId: string, targetId: string): AwsCall => ({
  service: 'rds',
  operation: 'FailoverDBCluster',
  region,
  input: { DBClusterIdentifier: clusterId, TargetDBInstanceIdentifier: targetId },
})

/** Makes a read replica a database of its own. It cannot be undone. */
export const promoteReadReplica = (
  region: string,
  instanceId: string,
  backup: { retentionDays: number; window?: string },
): AwsCall => ({
  service: 'rds',
  operation: 'PromoteReadReplica',
  region,
  input: {
    DBInstanceIdentifier: instanceId,
    BackupRetentionPeriod: backup.retentionDays,
    ...(backup.window ? { PreferredBackupWindow: backup.window } : {}),
  },
})

export const rebootInstance = (region: string, instanceId: string, forceFailover: boolean): AwsCall => ({
  service: 'rds',
  operation: 'RebootDBInstance',
  region,
  input: { DBInstanceIdentifier: instanceId, ForceFailover: forceFailover },
})

/** Replaces the security groups of an instance at once; the whole list is sent. */
export const setInstanceSecurityGroups = (region: string, instanceId: string, groupIds: string[]): AwsCall => ({
  service: 'rds',
  operation: 'ModifyDBInstance',
  region,
  input: { DBInstanceIdentifier: instanceId, VpcSecurityGroupIds: groupIds, ApplyImmediately: true },
})

/** Replaces the security groups of a cluster at once; the whole list is sent. */
export const setClusterSecurityGroups = (region: string, clusterId: string, groupIds: string[]): AwsCall => ({
  service: 'rds',
  operation: 'ModifyDBCluster',
  region,
  input: { DBClusterIdentifier: clusterId, VpcSecurityGroupIds: groupIds, ApplyImmediately: true },
})
