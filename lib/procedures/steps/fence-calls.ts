import type { AwsCall, SqlCall } from '../../domain/procedure/call'
import { quotedName } from '../../domain/text'
import type { Surroundings } from '../contract'
import type { FixedNode, WriterFacts } from '../facts'

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
    endOf(environment),
  ])
}

const lifted = ({ database: { name, applicationRoles } }: Surroundings) => [
  `ALTER DATABASE ${quotedName(name)} RESET default_transaction_read_only`,
  ...applicationRoles.map((role) => `ALTER ROLE ${quotedName(role)} LOGIN`),
]

export const unfenceBySql = (ctx: OfWriter, environment: Surroundings): SqlCall | null =>
  sqlTo(ctx, environment, lifted(environment))

/** The same on another node, which has received the fence. A session that began under it keeps it, so each ends. */
export function reopenBySql(node: FixedNode, environment: Surroundings): SqlCall | null {
  const ended = endOf(environment)
  return sqlTo({ facts: { writerBefore: node } }, environment, [...lifted(environment), ended])
}

/** Ends every session of the application and of the War Room but this one. */
function endOf({ database: { name, user, applicationRoles } }: Surroundings): string {
  const ended = [...applicationRoles, user].map(literal).join(', ')
  return `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${literal(name)} AND usename IN (${ended}) AND pid <> pg_backend_pid()`
}

/** Members of Aurora and Multi-AZ clusters take no groups of their own; their platform fences them. */
export const takesOwnGroups = (topology: WriterFacts['topology']): boolean =>
  topology === 'instance' || topology === 'hybrid'

function groups(ctx: OfWriter, environment: Surroundings, groupIds: string[]): AwsCall | null {
  const { topology, writerBefore } = ctx.facts
  if (!writerBefore || !takesOwnGroups(topology)) return null
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
