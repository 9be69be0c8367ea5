import type { AwsCall, Call, PoolerCall, PoolerCommand } from './call'
import { renderCall } from './render'

/* What does not compile. The compiler fails on each line below that it would let pass. */

const request = { kind: 'aws', service: 'rds', region: 'r' } as const
const pooler = {
  kind: 'pooler',
  poolers: [{ name: 'p', host: 'p', port: 6432, user: 'u', database: 'd' }],
} satisfies Omit<PoolerCall, 'commands'>

export const right: Call[] = [
  { ...request, operation: 'RebootDBInstance', input: { DBInstanceIdentifier: 'i', ForceFailover: true } },
  { ...pooler, commands: [{ command: 'PAUSE', limitMs: 1, atLimit: 'KILL' }, { command: 'RESUME' }] },
]

export const misspeltOperation: AwsCall = {
  ...request,
  // @ts-expect-error
  operation: 'RebootDbInstance',
  input: { DBInstanceIdentifier: 'i', ForceFailover: true },
}

export const misspeltMember: AwsCall = {
  ...request,
  operation: 'RebootDBInstance',
  // @ts-expect-error
  input: { DBInstanceIdentifer: 'i', ForceFailover: true },
}

export const misspeltOptionalMember: AwsCall = {
  ...request,
  operation: 'PromoteReadReplica',
  // @ts-expect-error
  input: { DBInstanceIdentifier: 'i', BackupRetentionPeriods: 7 },
}

export const missingMember: AwsCall = {
  ...request,
  operation: 'FailoverDBCluster',
  // @ts-expect-error
  input: { DBClusterIdentifier: 'c' },
}

export const memberOfAnotherOperation: AwsCall = {
  ...request,
  operation: 'FailoverDBCluster',
  // @ts-expect-error
  input: { DBClusterIdentifier: 'c', TargetDBInstanceIdentifier: 'i', ForceFailover: true },
}

// @ts-expect-error
export const misspeltCommand: PoolerCommand = { command: 'RESUMES' }
// @ts-expect-error
export const pauseWithoutEnd: PoolerCommand = { command: 'PAUSE', limitMs: 1 }
// @ts-expect-error
export const limitOfAnotherCommand: PoolerCommand = { command: 'RESUME', limitMs: 1 }
const nowhere = { name: 'p', host: 'p', port: 6432, user: 'u' }
// @ts-expect-error
export const missingDatabase: PoolerCall = { kind: 'pooler', poolers: [nowhere], commands: [] }

const question = { ...request, operation: 'DescribeDBClusters', input: { DBClusterIdentifier: 'c' } } as const
export const shown = renderCall(question)
// @ts-expect-error
export const questionThatIsSent: Call = question
