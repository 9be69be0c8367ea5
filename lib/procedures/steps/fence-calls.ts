import { readNodeKey } from '../../domain/cluster/node-key'
import type { AwsCall, SqlCall } from '../../domain/procedure/call'
import { quotedName } from '../../domain/text'
import type { Surroundings } from '../contract'
import type { WriterFacts } from '../facts'

/* How an old writer is kept from writing, and let go again. Statements may be repeated; nothing in them is secret. */

type OfWriter = { facts: WriterFacts }

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
/** The database may be read-only by default already: our own session is not. */
const ourselves = 'SET default_transaction_read_only = off'

function sqlTo(ctx: OfWriter, environment: Surroundings, statements: string[]): SqlCall | null {
  const { recovery, name } = environment.database
  const { writerBefore } = ctx.facts
  if (!recovery || !writerBefore?.host || !writerBefore.port) return null
  const { host, port } = writerBefore
  return { kind: 'sql', host, port, user: recovery.user, database: name, statements: [ourselves, ...statements] }
}

/** No login, no write by default, and every session that is open ends; null where no role may do it. */
export function fenceBySql(ctx: OfWriter, environment: Surroundings): SqlCall | null {
  const { name, applicationRoles } = environment.database
  return sqlTo(ctx, environment, [
    ...applicationRoles.map((role) => `ALTER ROLE ${quotedName(role)} NOLOGIN`),
    `ALTER DATABASE ${quotedName(name)} SET default_transaction_read_only = on`,
    endSessions(environment),
  ])
}

function endSessions({ database: { name, user, applicationRoles } }: Surroundings): string {
  const ended = [...applicationRoles, user].map(literal).join(', ')
  return `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${literal(name)} AND usename IN (${ended}) AND pid <> pg_backend_pid()`
}

const allowed = ({ database: { name, applicationRoles } }: Surroundings): string[] => [
  `ALTER DATABASE ${quotedName(name)} RESET default_transaction_read_only`,
  ...applicationRoles.map((role) => `ALTER ROLE ${quotedName(role)} LOGIN`),
]

export const unfenceBySql = (ctx: OfWriter, environment: Surroundings): SqlCall | null =>
  sqlTo(ctx, environment, allowed(environment))

/** The same, where sessions began before: a session keeps the default with which it began, our own too. */
export const reopenBySql = (ctx: OfWriter, environment: Surroundings): SqlCall | null =>
  sqlTo(ctx, environment, [...allowed(environment), endSessions(environment)])

/** Members of Aurora and Multi-AZ clusters take no groups of their own; their platform fences them. */
export const takesOwnGroups = (topology: WriterFacts['topology']): boolean =>
  topology === 'instance' || topology === 'hybrid'

function groups(ctx: OfWriter, environment: Surroundings, groupIds: string[]): AwsCall | null {
  const { topology, writerBefore } = ctx.facts
  // The quarantine group is of the home region.
  if (!writerBefore || !takesOwnGroups(topology) || readNodeKey(writerBefore.id).elsewhere !== null) return null
  return {
    kind: 'aws',
    service: 'rds',
    operation: 'ModifyDBInstance',
    region: environment.aws.region,
    input: { DBInstanceIdentifier: writerBefore.id, VpcSecurityGroupIds: groupIds, ApplyImmediately: true },
  }
}

/** Into the quarantine group alone; null where there is none, or the member takes no group of its own. */
export function fenceByGroup(ctx: OfWriter, environment: Surroundings): AwsCall | null {
  const group = environment.aws.quarantineSecurityGroupId
  return group ? groups(ctx, environment, [group]) : null
}

export function unfenceByGroup(ctx: OfWriter, environment: Surroundings): AwsCall | null {
  const former = ctx.facts.writerBefore?.securityGroupIds ?? []
  return former.length > 0 ? groups(ctx, environment, former) : null
}
