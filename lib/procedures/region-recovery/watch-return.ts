import { z } from 'zod'
import { readNodeKey } from '../../domain/cluster/node-key'
import { durationWords, listWords, plural } from '../../domain/units'
import type { WatchContext, Watcher, World } from '../contract'
import { duty, fenceSchema, needed, obligationSchema, withObligation, writerSchema } from '../facts'
import { addressOf, askPosition } from '../looking'
import { lookAtOldWriter } from '../steps/fence'
import { takesApplication } from '../steps/takes-application'

/** A writer that has come back is to be fenced within this, ms; by anyone's clock, in a rehearsal too. */
export const fenceWithinMs = 30_000
const lateId = 'fence-late'
const readersId = 'home-readers'

/** What is learnt of the home region when it returns. */
export const returnSchema = z
  .object({
    /** When the old writer was first seen to accept writes again, and when it was seen fenced after that. */
    returnedAt: z.number().nullable(),
    fencedAt: z.number().nullable(),
    /** It was not fenced in time, and people were told. */
    fenceLateAt: z.number().nullable(),
    /** Other nodes at home that were seen to accept writes, or the application. */
    homeWriters: z.array(z.string()),
    homeOpen: z.array(z.string()),
  })
  .partial()
const schema = z
  .object({ ...writerSchema.shape, ...fenceSchema.shape, ...obligationSchema.shape, ...returnSchema.shape })
  .partial()
type Returned = z.output<typeof schema>

/**
 * The home region as it comes back: was its writer fenced in time, and does any other node there take writes, or would it if it were
 * promoted? Tells people what the fence itself cannot. Nothing is sent.
 */
export const watchReturn: Watcher<unknown, Returned> = {
  stepId: 'fence',
  title: 'The home region',
  everyMs: 5_000,
  after: { facts: ['promotedAt', 'writerBefore', 'target'], ended: 'fence' },
  facts: schema,
  async look(world, ctx) {
    const late = await lookAtFenceInTime(world, ctx)
    const others = late === null ? await lookAtOthers(world, ctx.facts) : null
    return { news: (facts) => late?.(facts) ?? others?.(facts) ?? null }
  },
}

type Told = (facts: Returned) => { says: string; facts: Returned; alarm?: true } | null

async function lookAtFenceInTime(world: World, ctx: WatchContext<unknown, Returned>): Promise<Told | null> {
  const old = needed(ctx.facts.writerBefore, 'the old writer')
  const { returnedAt, fencedAt } = ctx.facts
  if (typeof fencedAt === 'number' && ctx.facts.fence === 'fenced') return null
  const state = await lookAtOldWriter(world, ctx)
  const now = world.now()
  const since = returnedAt ?? ctx.facts.cameBackAt ?? null
  if (state.kind === 'open') {
    if (returnedAt == null)
      return (facts) =>
        facts.returnedAt == null
          ? {
              says: `${old.id} responds again and accepts writes. It must be fenced within ${durationWords(fenceWithinMs)}.`,
              facts: { returnedAt: facts.cameBackAt ?? now, fencedAt: null },
            }
          : null
    if (now - returnedAt <= fenceWithinMs) return null
    const took = durationWords(now - returnedAt)
    const why = ctx.refused ?? state.says
    return (facts) =>
      facts.fenceLateAt == null
        ? {
            alarm: true,
            says: `${old.id} has accepted writes for ${took} and is not fenced; ${durationWords(fenceWithinMs)} are allowed. ${why} Fence it manually now.`,
            facts: {
              fenceLateAt: now,
              obligations: withObligation(
                facts,
                duty(
                  lateId,
                  `Fence ${old.id} manually`,
                  `It accepts writes beside the promoted database since ${new Date(returnedAt).toISOString()}. ${why}`,
                ),
              ),
            },
          }
        : null
  }
  if (state.kind !== 'fenced' || since === null) return null
  const took = now - since
  const inTime = took <= fenceWithinMs
  return (facts) =>
    facts.fencedAt == null
      ? {
          says: `${old.id} was fenced ${durationWords(took)} after it had responded again; ${durationWords(fenceWithinMs)} are allowed.`,
          ...(!inTime && facts.fenceLateAt == null && { alarm: true as const }),
          facts: {
            fencedAt: now,
            returnedAt: since,
            ...(facts.obligations && {
              obligations: facts.obligations.map((o) =>
                o.id === lateId && o.state === 'open' ? { ...o, state: 'met' as const } : o,
              ),
            }),
          },
        }
      : null
}

/**
 * The readers at home hold the same history as the old writer. The fence is kept in the database itself, so a reader that receives
 * from a fenced writer is fenced with it; one that does not would accept the application when somebody promotes it.
 */
async function lookAtOthers(world: World, facts: Returned): Promise<Told | null> {
  const old = needed(facts.writerBefore, 'the old writer')
  const target = needed(facts.target, 'the replica')
  const nodes = (world.snapshot()?.nodes ?? []).filter(
    ({ id }) => id !== old.id && id !== target.id && readNodeKey(id).elsewhere === null,
  )
  const looks = await Promise.all(
    nodes.map(async ({ id, address }) => {
      const answer = await askPosition(world, address)
      if (!answer.ok || !address) return { id, writes: false, open: false }
      if (!answer.position.standby)
        return { id, writes: (await takesApplication(world, address)) === true, open: false }
      return { id, writes: false, open: facts.fence === 'fenced' && (await takesApplication(world, address)) === true }
    }),
  )
  const found = looks.flatMap(({ id, writes }) => (writes ? [id] : []))
  const there = addressOf(target)
  // After the way home the database elsewhere is closed: then the one at home is the only writer.
  const alone = found.length > 0 && there !== null && (await takesApplication(world, there)) === false
  const writes = alone ? [] : found
  const open = looks.flatMap(({ id, open }) => (open ? [id] : []))
  const same = (a: readonly string[] | undefined, b: readonly string[]) => (a ?? []).join() === b.join()
  return (now) => {
    const more = writes.filter((id) => !(now.homeWriters ?? []).includes(id))
    if (more.length > 0)
      return {
        alarm: true,
        says: `${listWords(more)} at home ${plural(more.length, 'accepts', 'accept')} writes of the application beside the promoted database. Fence ${plural(more.length, 'it', 'them')} now.`,
        facts: {
          homeWriters: writes,
          obligations: more.reduce(
            (obligations, id) =>
              withObligation(
                { obligations },
                duty(
                  `fence-${id}`,
                  `Fence ${id}`,
                  'It is a second writer at home; the run fences only the one it left.',
                ),
              ),
            now.obligations ?? [],
          ),
        },
      }
    if (same(now.homeWriters, writes) && same(now.homeOpen, open)) return null
    const readers = `${listWords(open)} would accept the application if promoted: the fence has not reached ${plural(open.length, 'it', 'them')}.`
    return {
      says: open.length > 0 ? readers : 'No other node at home accepts the application.',
      facts: {
        homeWriters: writes,
        homeOpen: open,
        obligations:
          open.length > 0
            ? withObligation(now, duty(readersId, 'Do not promote a reader at home', readers))
            : (now.obligations ?? []).map((o) =>
                o.state === 'open' &&
                (o.id === readersId || (o.id.startsWith('fence-') && looks.some(({ id }) => o.id === `fence-${id}`)))
                  ? { ...o, state: 'met' as const }
                  : o,
              ),
      },
    }
  }
}
