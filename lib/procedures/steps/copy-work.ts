import type { RowsCall } from '../../domain/procedure/call'
import type { AtWork, CopyWork } from '../../domain/restore/copy-work'
import { listWords } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { MergeReader } from '../../ports/reconcile'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { needed, withObligation } from '../facts'
import type { CopyFacts } from './copy-facts'

/* What a restored copy would do by itself is put to rest before anybody looks at it, and started again when it serves. */

type Ctx = StepContext<unknown, CopyFacts>

/** Statistics of a large database take as long as reading a part of each table, ms. */
const limitMs = 30 * 60_000
const copyOf = ({ facts }: Ctx, { database }: Surroundings) => ({
  ...needed(facts.endpoint, 'the address of the copy'),
  database: database.name,
})
const callOf = (ctx: Ctx, environment: Surroundings, work: CopyWork): RowsCall => ({
  kind: 'rows',
  user: needed(environment.database.recovery, 'the recovery role').user,
  batch: ctx.runId,
  target: copyOf(ctx, environment),
  work,
  limitMs,
})
function readerOf({ merges }: World): MergeReader {
  if (merges) return merges
  throw new PortError('config', 'No recovery role is configured that could look at the copy.', {
    outcome: 'rejected',
    probe: 'not-configured',
  })
}
const lookAt = (world: World, ctx: Ctx): Promise<AtWork> =>
  readerOf(world).atWork(copyOf(ctx, world.environment), world.environment.database.outbox?.isOn ?? null)

/** What is still at work, in words; null when nothing is, or nobody may know. */
function atWorkWords({ jobs, subscriptions, outboxOn, hidden }: AtWork): string | null {
  const found = [
    ...(jobs.length > 0 ? [`${jobs.length === 1 ? 'job' : 'jobs'} ${listWords(jobs)} of pg_cron`] : []),
    ...(subscriptions.length > 0 ? [`subscription ${listWords(subscriptions)}`] : []),
    ...(outboxOn ? ['the outbox of the application'] : []),
    ...(hidden ? ['jobs that row security hides from the recovery role'] : []),
  ]
  return found.length > 0 ? `At work on the copy: ${listWords(found)}.` : null
}
const shared = { effect: 'SAFE', everyMs: 2_000, settleMs: 20_000 } as const

/** What a copy does by itself can be stopped and started by a recovery role alone. */
export const ofRecovery = <I>(
  environment: Surroundings,
  step: (environment: Surroundings) => Step<I, CopyFacts>,
): Step<I, CopyFacts>[] => (environment.database.recovery ? [step(environment)] : [])

/** Before anybody looks at the copy: a job of the copy would send what its source has sent already (fault 27 of the runbook). */
export const restCopy = <I>(environment: Surroundings): Step<I, CopyFacts> => ({
  ...shared,
  id: 'rest-copy',
  title: 'Put jobs and outbox of the copy to rest',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'Jobs, subscriptions and messages of the source are in the copy too, and would be done twice.',
  provedBy: 'On the copy, no pg_cron job or subscription is active, and the outbox of the application is off.',
  undoneBy: null,
  forMs: 120_000,
  call: (ctx) => callOf(ctx, environment, { action: 'rest', outbox: environment.database.outbox ?? null }),
  async observe(world, ctx): Promise<Observation<CopyFacts>> {
    const look = await lookAt(world, ctx)
    const says = atWorkWords(look)
    return says === null && look.resting
      ? { state: 'done', says: 'Nothing is at work on the copy.' }
      : { state: 'not-started', says: says ?? 'Not checked yet.' }
  },
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const look = await lookAt(world, ctx)
    const says = atWorkWords(look)
    if (look.hidden) return { state: 'failed', says: `${says} Give it BYPASSRLS or the jobs, then retry.` }
    if (says !== null) return { state: 'not-yet', says }
    const { jobs = [], subscriptions = [] } = look.resting ?? {}
    const put = [...jobs.map((job) => `job ${job}`), ...subscriptions.map((name) => `subscription ${name}`)]
    return {
      state: 'proved',
      says: put.length > 0 ? `Put to rest: ${listWords(put)}.` : 'Nothing on the copy works by itself.',
    }
  },
})

/** The copy serves: its jobs are its own from now on. Subscriptions stay disabled, and are listed. */
export const wakeCopy = <I>(environment: Surroundings): Step<I, CopyFacts> => ({
  ...shared,
  id: 'wake-copy',
  title: 'Start jobs and outbox of the copy again',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The copy is the database now, and its jobs are due.',
  provedBy: 'Every job that was put to rest is active again, and so is the outbox of the application.',
  undoneBy: null,
  forMs: 120_000,
  call: (ctx) => callOf(ctx, environment, { action: 'wake', outbox: environment.database.outbox ?? null }),
  async observe(world, ctx): Promise<Observation<CopyFacts>> {
    const left = asleep(await lookAt(world, ctx), environment)
    return left === null
      ? { state: 'done', says: 'Everything that was put to rest is at work again.' }
      : { state: 'not-started', says: left }
  },
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const look = await lookAt(world, ctx)
    const left = asleep(look, environment)
    if (left !== null) return { state: 'not-yet', says: left }
    const { jobs = [], subscriptions = [] } = look.resting ?? {}
    const obligations = subscriptions.reduce(
      (all, name) =>
        withObligation(
          { obligations: all },
          {
            id: `subscription-${name}`,
            title: `Decide about subscription ${name} of the copy`,
            why: 'It is disabled: its slot belongs to the source. Give it a slot of its own, or drop it.',
            state: 'open',
          },
        ),
      ctx.facts.obligations ?? [],
    )
    return {
      state: 'proved',
      says: jobs.length > 0 ? `Active again: jobs ${listWords(jobs)}.` : 'No job had been put to rest.',
      facts: { obligations },
    }
  },
})
function asleep({ jobs, outboxOn, resting }: AtWork, { database }: Surroundings): string | null {
  const left = (resting?.jobs ?? []).filter((job) => !jobs.includes(job))
  if (left.length > 0) return `Still at rest: jobs ${listWords(left)}.`
  // Without statements that turn it on, the application does that itself.
  return database.outbox && database.outbox.on.length > 0 && !outboxOn ? 'The outbox of the application is off.' : null
}

/** A restore resets what the server counts of its tables, and plans go by that. */
export const analyzeCopy = <I>(environment: Surroundings): Step<I, CopyFacts> => ({
  ...shared,
  id: 'analyze-copy',
  title: 'Make statistics of the copy',
  estimate: { lowSeconds: 2, highSeconds: 15 * 60 },
  why: 'Without statistics the first queries of the application may be slow, and autovacuum needs time.',
  provedBy: 'The server says of every critical table that it was analyzed after the restore.',
  undoneBy: null,
  forMs: 120_000,
  call: (ctx) => callOf(ctx, environment, { action: 'analyze' }),
  async observe(world, ctx): Promise<Observation<CopyFacts>> {
    const left = await withoutStatistics(world, ctx)
    return left === 0
      ? { state: 'done', says: 'Every critical table has statistics.' }
      : { state: 'not-started', says: `${left} critical tables have no statistics.` }
  },
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const left = await withoutStatistics(world, ctx)
    return left === 0
      ? {
          state: 'proved',
          says: 'Every critical table has statistics.',
          facts: { analyzedAt: world.now() },
        }
      : { state: 'not-yet', says: `${left} critical tables have no statistics yet.` }
  },
})
const withoutStatistics = (world: World, ctx: Ctx): Promise<number> =>
  readerOf(world).unanalyzed(copyOf(ctx, world.environment), world.environment.database.criticalTables)
