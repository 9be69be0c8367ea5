import type { ApplyCall } from '../apply-call'
import type {
  AwsChanges,
  AwsOperation,
  AwsRequest,
  Call,
  KubernetesCall,
  PoolerCommand,
  ScaleCall,
  SessionsCall,
  SqlCall,
} from '../call'
import type { NamesCall, NamesOperation } from '../names-call'

/* One call of every operation; the compiler asks for the one that is missing. */

const request = <O extends AwsOperation>(operation: O, input: AwsChanges[O]): AwsRequest<O, AwsChanges[O]> => ({
  kind: 'aws',
  service: 'rds',
  operation,
  region: 'us-west-2',
  input,
})
const Tags = [{ Key: 'dr-run', Value: 'r-1' }]

export const awsCalls: { [O in AwsOperation]: AwsRequest<O, AwsChanges[O]> } = {
  FailoverDBCluster: request('FailoverDBCluster', { DBClusterIdentifier: 'c', TargetDBInstanceIdentifier: 'c-2' }),
  PromoteReadReplica: request('PromoteReadReplica', {
    DBInstanceIdentifier: 'r',
    BackupRetentionPeriod: 7,
    PreferredBackupWindow: '09:00-09:30',
  }),
  RebootDBInstance: request('RebootDBInstance', { DBInstanceIdentifier: 'i', ForceFailover: true }),
  ModifyDBInstance: request('ModifyDBInstance', {
    DBInstanceIdentifier: 'i',
    VpcSecurityGroupIds: ['sg-1', 'sg-2'],
    ApplyImmediately: true,
    MultiAZ: false,
  }),
  ModifyDBCluster: request('ModifyDBCluster', {
    DBClusterIdentifier: 'c',
    BackupRetentionPeriod: 14,
    DeletionProtection: true,
    ApplyImmediately: true,
  }),
  RestoreDBClusterToPointInTime: request('RestoreDBClusterToPointInTime', {
    DBClusterIdentifier: 'c-new',
    SourceDBClusterIdentifier: 'c',
    RestoreToTime: '2026-11-22T10:00:00Z',
    EnableCloudwatchLogsExports: ['postgresql'],
    Tags,
  }),
  RestoreDBInstanceToPointInTime: request('RestoreDBInstanceToPointInTime', {
    TargetDBInstanceIdentifier: 'i-new',
    SourceDBInstanceIdentifier: 'i',
    RestoreTime: '2026-11-22T10:00:00Z',
    DBParameterGroupName: 'pg15',
    EnableIAMDatabaseAuthentication: false,
    Tags,
  }),
  CreateDBInstance: request('CreateDBInstance', {
    DBInstanceIdentifier: 'c-new-1',
    DBClusterIdentifier: 'c-new',
    DBInstanceClass: 'db.r6g.2xlarge',
    Engine: 'aurora-postgresql',
    ManageMasterUserPassword: true,
    Tags,
  }),
  CreateDBInstanceReadReplica: request('CreateDBInstanceReadReplica', {
    DBInstanceIdentifier: 'i-2',
    SourceDBInstanceIdentifier: 'i',
    Iops: 12_000,
  }),
  DeleteDBInstance: request('DeleteDBInstance', { DBInstanceIdentifier: 'i-2', SkipFinalSnapshot: true }),
  DeleteDBCluster: request('DeleteDBCluster', {
    DBClusterIdentifier: 'c-new',
    SkipFinalSnapshot: false,
    FinalDBSnapshotIdentifier: 'last',
  }),
  AddTagsToResource: request('AddTagsToResource', { ResourceName: 'arn:aws:rds:us-west-2:1:cluster:c', Tags }),
}

export const namesCalls: { [O in NamesOperation]: Extract<NamesCall, { operation: O }> } = {
  ChangeResourceRecordSets: {
    kind: 'names',
    service: 'route53',
    operation: 'ChangeResourceRecordSets',
    region: 'us-east-1',
    input: {
      HostedZoneId: 'Z1',
      ChangeBatch: {
        Comment: "run r-1: the writer's name",
        Changes: [
          {
            Action: 'UPSERT',
            ResourceRecordSet: {
              Name: 'db.castmatch.internal.',
              Type: 'CNAME',
              SetIdentifier: 'us-west-2',
              Failover: 'PRIMARY',
              TTL: 10,
              ResourceRecords: [{ Value: 'replica.us-east-1.castmatch.internal' }],
              HealthCheckId: 'h-1',
            },
          },
        ],
      },
    },
  },
  UpdateHealthCheck: {
    kind: 'names',
    service: 'route53',
    operation: 'UpdateHealthCheck',
    region: 'us-east-1',
    input: { HealthCheckId: 'h-1', HealthCheckVersion: 4, Disabled: true, Inverted: true },
  },
  PutObject: {
    kind: 'names',
    service: 's3api',
    operation: 'PutObject',
    region: 'us-east-1',
    input: { Bucket: 'b', Key: 'failover/database', Metadata: { 'dr-run': 'r-1' } },
  },
  DeleteObject: {
    kind: 'names',
    service: 's3api',
    operation: 'DeleteObject',
    region: 'us-east-1',
    input: { Bucket: 'b', Key: 'failover/database' },
  },
}

export const poolerCommands: { [C in PoolerCommand['command']]: Extract<PoolerCommand, { command: C }> } = {
  PAUSE: { command: 'PAUSE', limitMs: 100, atLimit: 'KILL' },
  KILL: { command: 'KILL' },
  RECONNECT: { command: 'RECONNECT' },
  RESUME: { command: 'RESUME' },
}
export const poolerCall = (...commands: PoolerCommand[]): Extract<Call, { kind: 'pooler' }> => ({
  kind: 'pooler',
  poolers: [{ name: 'p', host: 'p', port: 6432, user: 'u', database: 'd' }],
  commands,
})

export const kubernetesCall: KubernetesCall = {
  kind: 'kubernetes',
  context: 'c',
  namespace: 'n',
  deployment: 'd',
  patch: {
    containers: [{ name: 'api', init: false, env: { DATABASE_HOST: 'db' } }],
    annotations: { 'dr.castmatch/run': 'r-1' },
  },
}

export const scaleCall: ScaleCall = { kind: 'scale', context: 'c', namespace: 'n', deployment: 'd', replicas: 6 }

export const applyCall: ApplyCall = {
  kind: 'apply',
  context: 'c-dr',
  namespace: 'n',
  fieldManager: 'castmatch-warroom',
  objects: [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', annotations: { 'dr.castmatch/run': 'r-1' } },
      spec: { replicas: 1, template: { spec: { containers: [{ name: 'api', args: ["it's"] }] } } },
    },
  ],
}

export const sqlCall: SqlCall = {
  kind: 'sql',
  host: 'h',
  port: 5432,
  user: 'recovery',
  database: 'd',
  statements: ['SET default_transaction_read_only = off', 'ALTER ROLE "app" NOLOGIN'],
}

export const sessionsCall: SessionsCall = {
  kind: 'sessions',
  user: 'recovery',
  database: 'd',
  nodes: [{ id: 'c-1', host: 'h', port: 5432, backends: [{ pid: 7, startedAt: '2026-11-29 00:10:38.123456+00' }] }],
}
