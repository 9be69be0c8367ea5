import { z } from 'zod'
import { readNodeKey } from '../../domain/cluster/node-key'
import { leadsBackOwed, nameDuty, namesLeft, namesSeen } from '../../domain/names/moved'
import type { WatchContext, Watcher, World } from '../contract'
import { fenceSchema, type Obligation, obligationSchema, writerSchema } from '../facts'
import { addressOf } from '../looking'
import { namesSchema } from './names-facts'
import { lookWhetherMoved } from './names-proof'
import { takesApplication } from './takes-application'

const watched = z
  .object({ ...writerSchema.shape, ...fenceSchema.shape, ...obligationSchema.shape, ...namesSchema.shape })
  .partial()
type Watched = z.output<typeof watched>

/**
 * Names that a run moved and still owes something for: a resolver that keeps its old answer, a change that is not in sync, a health
 * check that may lead a name back. Nothing is sent.
 */
export const watchNames: Watcher<unknown, Watched> = {
  stepId: 'look-at-names',
  title: 'Names that were moved',
  everyMs: 30_000,
  after: { facts: ['moves', 'promotedAt'], owes: nameDuty },
  facts: watched,
  async look(world, ctx) {
    const looks = await Promise.all(movedIn(world, ctx).map((one) => look(world, ctx, one)))
    return {
      news(facts) {
        const before = facts.obligations ?? []
        const obligations = looks.reduce(
          (all, { name, owed, isLeft }) => (isLeft ? namesLeft(all, name) : namesSeen(all, name, owed)),
          before,
        )
        const news = obligations.filter((one) => !before.some((was) => isSame(was, one)))
        if (news.length === 0) return null
        const back = looks.filter(({ name, isBack }) => isBack && news.some(({ id }) => id.includes(name)))
        return {
          says: looks.map(({ says }) => says).join(' '),
          facts: { obligations },
          ...(back.length > 0 && { alarm: true as const }),
        }
      },
    }
  },
}

const isSame = (one: Obligation, other: Obligation) =>
  one.id === other.id && one.state === other.state && one.why === other.why

const movedIn = (world: World, { facts }: WatchContext<unknown, Watched>) =>
  (world.environment.names?.records ?? []).flatMap((record) => {
    const move = facts.moves?.[record.name]
    return move?.movedAt == null ? [] : [{ record, move }]
  })

async function look(
  world: World,
  ctx: WatchContext<unknown, Watched>,
  { record, move }: ReturnType<typeof movedIn>[number],
) {
  const { name } = record
  const { region, drRegion } = world.environment.aws
  const target = ctx.facts.target
  const to = (target && readNodeKey(target.id).elsewhere) ?? region
  const verdict = await lookWhetherMoved(world, ctx, record, move, to)
  const address = target ? addressOf(target) : null
  const leadsBack = verdict.where === 'from'
  // A later run has led it back, once the database that it was moved to accepts the application no more.
  const isLeft = leadsBack && address !== null && (await takesApplication(world, address)) === false
  const isBack = leadsBack && !isLeft
  const from = to === region ? drRegion : region
  const says = isLeft
    ? `${name} points to ${from} again, and ${target?.id} accepts the application no more.`
    : verdict.says
  return { name, says, isBack, isLeft, owed: isBack ? [leadsBackOwed(name, from, to)] : verdict.owed }
}
