import type { PoolerAddress } from '../../domain/procedure/call'
import { PortError } from '../../ports/port-error'
import type { Watcher, World } from '../contract'
import { needed, type Obligation } from '../facts'
import { backupDuties, guardDuties, lateReaders, nameDuties, pastPoolers, readerDuties } from './after-cutover'
import { ownCopy } from './copy'
import { type CopyFacts, copySchema } from './copy-facts'
import { lookAtReturn, portOf, routeDutyOf } from './pooler'

type Ctx = { runId: string; facts: CopyFacts }
/** What is seen of an open item now: it is met, or still open with what was seen. */
type Seen = Pick<Obligation, 'id' | 'why'> & { met: boolean }

/**
 * What a cutover has left to people, until it is done: who does it, and by which means, does not matter. Nothing is sent.
 */
export const watchCutover: Watcher<unknown, CopyFacts> = {
  stepId: 'retain-source',
  title: 'What remains after the cutover',
  everyMs: 30_000,
  after: { facts: ['openedAt'], owes: '', days: 90 },
  facts: copySchema,
  async look(world, ctx) {
    const open = (ctx.facts.obligations ?? []).filter(({ state }) => state === 'open')
    const seen = (await Promise.all([routes(world, ctx, open), others(world, ctx, open)])).flat()
    return {
      news({ obligations = [] }) {
        const news = seen.filter(({ id, met, why }) =>
          obligations.some((owed) => owed.id === id && owed.state === 'open' && (met || owed.why !== why)),
        )
        if (news.length === 0) return null
        const after = obligations.map((owed): Obligation => {
          const found = news.find(({ id }) => id === owed.id)
          return found ? { ...owed, why: found.why, state: found.met ? 'met' : owed.state } : owed
        })
        return { says: news.map(({ why }) => why).join(' '), facts: { obligations: after } }
      },
    }
  },
}

/** Poolers whose configuration led to the source: one is back when it routes to the copy and lets clients through. */
async function routes(world: World, ctx: Ctx, open: Obligation[]): Promise<Seen[]> {
  const owed = world.environment.poolers.filter((pooler) => open.some(({ id }) => id === routeDutyOf(pooler)))
  return (await Promise.all(owed.map((pooler) => route(world, ctx, pooler)))).flat()
}

async function route(world: World, ctx: Ctx, pooler: PoolerAddress): Promise<Seen[]> {
  try {
    const to = await portOf(world, pooler).target(pooler.database)
    // Until its host is another one the open item says what to enter there.
    if (to === null || to.host === needed(ctx.facts.writerBefore, 'the old writer').host) return []
    const { back, says } = await lookAtReturn(world, ctx, pooler)
    return [{ id: routeDutyOf(pooler), met: back, why: says }]
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return []
  }
}

/** Everything else: what would not be owed any more if the cutover ended now. */
async function others(world: World, ctx: Ctx, open: Obligation[]): Promise<Seen[]> {
  const of = (prefix: string) => open.filter(({ id }) => id.startsWith(prefix))
  const settled = (owed: Obligation[], still: Obligation[], why: string): Seen[] =>
    owed.filter(({ id }) => !still.some((one) => one.id === id)).map(({ id }) => ({ id, met: true, why }))
  const copy = needed(ctx.facts.copyId, 'the copy')
  const found: Seen[] = settled(of('guard-copy'), guardDuties(world, ctx.facts), `The War Room monitors ${copy}.`)
  const past = of('past-pooler-')
  if (past.length > 0)
    found.push(...settled(past, await pastPoolers(world, ctx.facts), 'Its pods connect through the poolers again.'))
  const names = of('name-')
  if (names.length > 0)
    found.push(...settled(names, await nameDuties(world, ctx.facts), 'It resolves to the new writer.'))
  const ofCopy = open.filter(({ id }) => id === 'backups' || id === 'readers' || id.startsWith('reader-'))
  if (ofCopy.length === 0) return found
  const seen = await ownCopy(world, ctx)
  if ('says' in seen) return found
  const late = await lateReaders(world, ctx.facts, seen.copy)
  const still = [...backupDuties(seen.copy), ...readerDuties(ctx.facts, seen.copy, late)]
  return [...found, ...settled(ofCopy, still, `It is so on ${copy}.`)]
}
