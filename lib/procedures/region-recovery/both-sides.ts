import { z } from 'zod'
import { nodeWords } from '../../domain/cluster/node-key'
import { countOf } from '../../domain/reconcile/listed'
import { type NumberRange, type SideOnly, sideOnly, without, writersWords } from '../../domain/run/one-sided'
import { counted } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { Observation, Sight, Step, StepContext, Surroundings, Verdict, Watcher, World } from '../contract'
import { duty, fenceSchema, needed, type Obligation, withObligation, writerSchema } from '../facts'
import { addressOf, askPosition } from '../looking'
import { wholeName } from '../point-in-time/inputs'
import { compareRows, type Reconciled } from '../point-in-time/reconcile'
import { reconcileSchema } from '../point-in-time/reconcile-facts'

/*
 * The writer at home has come back, fenced, with commits that the promoted database never received, and the promoted database has
 * commits of its own. Both are counted and listed. Nothing is merged or discarded by this: that is decided by people, in acts of
 * their own.
 */

export const sidesStepId = 'compare-sides'
const decisionId = 'one-sided-commits'

const range = z.object({
  writer: z.string(),
  from: z.number(),
  to: z.number(),
}) satisfies z.ZodType<NumberRange>
const side = z.object({
  node: z.string(),
  commits: z.number(),
  writers: z.number(),
  listed: z.array(range),
}) satisfies z.ZodType<SideOnly>

/** What comparing both sides learns. */
export const sidesSchema = z
  .object({
    ...reconcileSchema.shape,
    /** Numbered commits that only one side holds; null where they could not be counted. */
    oneSided: z.object({ at: z.number(), old: side, promoted: side }).nullable(),
    /** Why they could not be counted. */
    oneSidedWhy: z.string().nullable(),
  })
  .partial()
type SidesFacts = z.output<typeof sidesSchema>

const schema = z.object({ ...writerSchema.shape, ...fenceSchema.shape, ...sidesSchema.shape }).partial()
type Sides = z.output<typeof schema>
type Ctx = StepContext<unknown, Sides>

/** The old writer is what is compared with the promoted database: what only it has is "only in the source". */
const between: Reconciled<unknown, Sides> = {
  of({ facts }, { database }) {
    const at = (node: Sides['target'], name: string) => ({
      ...needed(addressOf(needed(node, name)), `the address of ${name}`),
      database: database.name,
    })
    return {
      source: at(facts.writerBefore, 'the old writer'),
      target: at(facts.target, 'the replica'),
      tables: database.criticalTables.map(wholeName),
    }
  },
  live: () => true,
}
const rows = compareRows<unknown, Sides>(between)

/** Why the sides cannot be compared yet; null when they can. Only a writer that takes no writes has a last word. */
async function notYet(world: World, { facts }: Pick<Ctx, 'facts'>): Promise<string | null> {
  const old = needed(facts.writerBefore, 'the old writer')
  if (facts.fence !== 'fenced')
    return `${old.id} has not come back fenced. What only one side has is listed when it does.`
  const answer = await askPosition(world, addressOf(old))
  return answer.ok ? null : `${old.id} is fenced and cannot be read: ${answer.why}`
}

/** Numbered commits that only one side has, by writer; null where the application does not number them. Throws PortError. */
async function countSides(world: World, { writerBefore, target }: Sides): Promise<Sides['oneSided']> {
  const old = needed(writerBefore, 'the old writer')
  const promoted = needed(target, 'the replica')
  const [at, there] = [needed(addressOf(old), 'its address'), needed(addressOf(promoted), 'its address')]
  // The old writer takes no writes any more; what the promoted database commits in between is its own.
  const held = await world.numberRanges(at)
  const heldThere = held && (await world.numberRanges(there))
  if (!held || !heldThere) return null
  const [onlyOld, onlyThere] = [without(held, heldThere), without(heldThere, held)]
  return { at: world.now(), old: sideOnly(old.id, onlyOld), promoted: sideOnly(promoted.id, onlyThere) }
}

async function countedSides(world: World, facts: Sides): Promise<SidesFacts> {
  try {
    const oneSided = await countSides(world, facts)
    return { oneSided, oneSidedWhy: oneSided ? null : 'The application does not number its commits.' }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { oneSided: null, oneSidedWhy: error.message }
  }
}

const commitsWords = (one: SideOnly) => {
  const by = writersWords(one)
  return `${counted(one.commits, 'numbered commit')} only ${nodeWords(one.node)} has${by ? `: ${by}` : ''}.`
}

function rowsWords({ comparison, writerBefore, target }: Sides): string {
  const differing = (comparison?.tables ?? []).filter((one) => one.onlySource + one.onlyTarget + one.different > 0)
  if (differing.length === 0) return 'The rows of all compared tables are the same.'
  const [old, promoted] = [writerBefore?.id ?? 'the old writer', nodeWords(target?.id ?? 'the promoted one')]
  const each = differing.map((one) => {
    const [source, both, there] = (['source', 'different', 'target'] as const).map((kind) => countOf(kind, one))
    return `${one.table} ${source} only on ${old}, ${there} only on ${promoted}, ${both} different`
  })
  return `Rows by key: ${each.join('; ')}.`
}

/** Both sides as they were counted, for the record. */
function sidesWords(facts: Sides): string {
  const { oneSided, oneSidedWhy } = facts
  const commits = oneSided
    ? [commitsWords(oneSided.old), commitsWords(oneSided.promoted)]
    : [`Numbered commits could not be counted: ${oneSidedWhy ?? 'unknown'}`]
  return [...commits, rowsWords(facts)].join(' ')
}

/** People decide what becomes of it; met at once where neither side has anything that the other one lacks. */
function decision(facts: Sides): Obligation {
  const old = needed(facts.writerBefore, 'the old writer').id
  const source = (facts.comparison?.tables ?? []).reduce((sum, one) => sum + one.onlySource + one.different, 0)
  const nothing = source === 0 && facts.oneSided?.old.commits === 0
  return {
    ...duty(
      decisionId,
      `Decide about what only ${old} has`,
      `${sidesWords(facts)} Nothing was merged or discarded. Keep ${old} until this is decided.`,
    ),
    ...(nothing && { state: 'met' as const }),
  }
}

async function compared(world: World, ctx: Ctx): Promise<{ facts: SidesFacts; says: string } | { why: string }> {
  const verdict = await rows.verify(world, ctx, 0)
  if (verdict.state !== 'proved') return { why: verdict.says }
  const learnt: SidesFacts = { ...verdict.facts, ...(await countedSides(world, ctx.facts)) }
  return { facts: learnt, says: sidesWords({ ...ctx.facts, ...learnt }) }
}

const decided = (facts: Sides): Pick<SidesFacts, 'obligations'> => ({
  obligations: withObligation(facts, decision(facts)),
})

/** In the run itself only where the writer at home is fenced by then, as in a rehearsal; afterwards a watch does it. */
export const compareSides: Step<unknown, Sides> = {
  ...rows,
  id: sidesStepId,
  title: 'List what only one side has',
  why: 'The writer at home may hold commits that the promoted database never received. They must not be lost unseen.',
  provedBy:
    'Numbered commits are counted by writer, and critical tables are compared by primary key. A watch does it later while the old writer is away.',
  standing: true,
  estimate: { lowSeconds: 1, highSeconds: 600 },
  // While the old writer is away there is nothing to send: a watch sends it later, under the approval of this run.
  call: (ctx, environment) => (ctx.facts.fence === 'fenced' ? (rows.call?.(ctx, environment) ?? null) : null),
  alternatives: (ctx, environment) => {
    const call = rows.call?.(ctx, environment)
    return call ? [{ when: 'As soon as the old writer is back and fenced', call }] : []
  },
  async observe(world, ctx): Promise<Observation<Sides>> {
    const why = await notYet(world, ctx)
    return why ? { state: 'done', says: why } : ((await rows.observe?.(world, ctx)) ?? { state: 'done', says: '' })
  },
  async verify(world, ctx): Promise<Verdict<Sides>> {
    const why = await notYet(world, ctx)
    if (why) return { state: 'proved', says: why }
    const found = await compared(world, ctx)
    if ('why' in found) return { state: 'not-yet', says: found.why }
    return {
      state: 'proved',
      says: found.says,
      facts: { ...found.facts, ...decided({ ...ctx.facts, ...found.facts }) },
    }
  },
}

/** Only where a role may compare rows. */
export const comparesSides = ({ database }: Surroundings): boolean =>
  Boolean(database.recovery) && database.criticalTables.length > 0

const nothingNew: Sight<Sides> = { news: () => null }

/** Compares both sides once, as soon as the old writer has come back and is fenced, by the approval that the run was given. */
export const watchBothSides: Watcher<unknown, Sides> = {
  stepId: sidesStepId,
  title: 'What only one side has',
  everyMs: 30_000,
  after: { facts: ['promotedAt', 'writerBefore', 'target'], ended: sidesStepId },
  facts: schema,
  async look(world, ctx) {
    if (ctx.facts.comparison || (await notYet(world, ctx))) return nothingNew
    const found = await compared(world, ctx)
    if ('why' in found) {
      const call = ctx.refused === null ? rows.call?.(ctx, world.environment) : null
      return call
        ? { ...nothingNew, send: { stepId: sidesStepId, call, because: 'the old writer is back and fenced' } }
        : nothingNew
    }
    return {
      news: (facts) =>
        facts.comparison
          ? null
          : { says: found.says, facts: { ...found.facts, ...decided({ ...facts, ...found.facts }) } },
    }
  },
}
