import { isChanging } from '../../domain/cluster/rds-status'
import type { FleetInstance } from '../../ports/fleet'
import { pacedLimit, type StepContext, type Verdict, type World } from '../contract'
import { needed, type Obligation, type ObligationFacts, type WriterFacts } from '../facts'
import { type FailoverEvents, failoverEvents, lookAtRds, type RdsLook } from '../looking'
import type { FailoverFacts } from './facts'

/* What RDS reports of a failover that the database itself has proved. It is waited for, and does not hold clients for ever. */

/**
 * How long clients wait for RDS after the new writer has been proved by the database itself, ms in production. Until RDS
 * calls the cluster available it may put the former writer back; most failovers are over within this, and a paused
 * PgBouncer drops waiting clients after twice as long (docs/decisions/0033).
 */
const waitForRdsMs = 60_000

/** In what RDS has not caught up with the target as the writer, in a sentence; null when it has. */
export function lagOfRds(look: RdsLook, targetId: string): string | null {
  if (!look.read) return look.why
  const { cluster, status, instances } = look.fleet
  if (!cluster) return lagOfInstance(instances.find((i) => i.id === targetId))
  if (isChanging(status)) return `The cluster is ${status}.`
  const writers = cluster.members.filter((m) => m.isWriter)
  return writers.length === 1 && writers[0]?.id === targetId
    ? null
    : `RDS names ${writers.map((w) => w.id).join(' and ') || 'nobody'} as the writer.`
}

/** The same where there is no cluster: the instance that everybody goes to now. */
export function lagOfInstance(instance: Pick<FleetInstance, 'status' | 'replicaSourceId'> | undefined): string | null {
  if (!instance) return 'RDS does not describe it.'
  const lags = [
    ...(isChanging(instance.status) ? [`RDS reports it as ${instance.status}.`] : []),
    ...(instance.replicaSourceId === null ? [] : [`RDS still names it a replica of ${instance.replicaSourceId}.`]),
  ]
  return lags.length > 0 ? lags.join(' ') : null
}

/** What RDS's events lack of a failover that it describes as done; null when they tell of its end. */
export const lackOfEvents = (events: FailoverEvents): string | null =>
  events.unread
    ? `The events of RDS could not be read: ${events.unread}`
    : events.completed
      ? null
      : 'The events of RDS do not say yet that the failover is complete.'

/**
 * The database has proved the failover and RDS lags: not yet, for a bounded time from the first such look. Null when the time
 * is up and the run goes on by the database's own proof. A wait that people make longer, or a verification that begins
 * anew, waits from there.
 */
export function waitForRds(
  world: World,
  ctx: StepContext<unknown, FailoverFacts>,
  elapsedMs: number,
  lag: string,
  proof: string,
): Verdict<FailoverFacts> | null {
  const before = ctx.facts.writesBeforeRdsMs ?? null
  const since = Math.min(before ?? elapsedMs, elapsedMs)
  if ((elapsedMs - since) * world.pace >= pacedLimit(world, waitForRdsMs)) return null
  return {
    state: 'not-yet',
    says: `${proof} ${lag} Waits for RDS, which could still put the former writer back.`,
    waitsMs: since + pacedLimit(world, waitForRdsMs) / world.pace,
    ...(before === since ? {} : { facts: { writesBeforeRdsMs: since } }),
  }
}

/** Forgets since when the database had proved it, once a look shows that it does not. */
export const unprovedFacts = (facts: FailoverFacts) =>
  facts.writesBeforeRdsMs == null ? {} : { facts: { writesBeforeRdsMs: null } }

const obligationId = 'rds-confirmation'

/** What a run owes when it went on without a word of RDS. */
export const confirmationOwed = (targetId: string, lack: string): Obligation => ({
  id: obligationId,
  title: `See RDS confirm the failover to ${targetId}`,
  why: `${lack} The run continued because the database confirmed the failover.`,
  state: 'open',
})

/** The obligation as RDS stands now: met when it has caught up. Null when the run owes none, or a person settled it. */
export async function confirmationNow(
  world: World,
  ctx: StepContext<unknown, WriterFacts & ObligationFacts>,
): Promise<Obligation | null> {
  const facts = ctx.facts
  const owed = facts.obligations?.find((o) => o.id === obligationId)
  if (owed?.state !== 'open') return null
  const target = needed(facts.target, 'the target')
  const [look, events] = await Promise.all([
    lookAtRds(world, facts),
    failoverEvents(world, ctx.startedAt, [needed(facts.writerBefore, 'the writer').id]),
  ])
  // A promotion has no event that is told by its text; a lone instance was seen to move.
  const lack = lagOfRds(look, target.id) ?? (look.read && look.fleet.cluster ? lackOfEvents(events) : null)
  return lack === null
    ? { ...owed, why: 'RDS reports the failover as complete.', state: 'met' }
    : confirmationOwed(target.id, lack)
}
