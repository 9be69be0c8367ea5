import type { FenceLook } from '../../ports/database'
import type { Observation, Step, Surroundings, Verdict, World } from '../contract'
import { needed, withObligation } from '../facts'
import { addressOf, askPosition } from '../looking'
import type { CopyFacts } from './copy-facts'
import { fenceBySql, unfenceBySql } from './fence-calls'

export const frozenDuty = 'frozen-source'

type Look = { closed: boolean; says: string }

async function lookAtSource(world: World, ctx: { facts: CopyFacts }): Promise<Look> {
  const old = needed(ctx.facts.writerBefore, 'the writer of the source')
  const look = await world.lookAtFence(needed(addressOf(old), 'the address of the source'))
  return look ? words(old.id, look) : { closed: false, says: 'No recovery role is configured that could look.' }
}

function words(id: string, { canLogin, sessions, write }: FenceLook): Look {
  const doors = [
    ...canLogin.map((role) => `${role} may log in`),
    ...(sessions > 0 ? [`${sessions} application sessions are open`] : []),
    ...(write.refusedWith === '25006' ? [] : ['a write is accepted']),
  ]
  return doors.length === 0
    ? { closed: true, says: `${id} accepts no writes: the application cannot log in, and a write was refused (25006).` }
    : { closed: false, says: `${id} accepts writes: ${doors.join(', ')}.` }
}

/** Each minute of writes after the restore point is a minute more to lose or to merge. */
export const freezeSource = (environment: Surroundings): Step<unknown, CopyFacts> => ({
  id: 'freeze-source',
  title: 'Freeze writes on the source',
  effect: 'SAFE',
  estimate: { lowSeconds: 2, highSeconds: 120 },
  why: 'Everything written from now on would be lost at the cutover. Clients get errors until then.',
  provedBy: 'The application roles cannot log in and have no session, and a write is refused (25006).',
  undoneBy: 'Login and writes allowed again',
  everyMs: 2_000,
  forMs: 120_000,
  settleMs: 20_000,
  call: (ctx) => fenceBySql(ctx, environment),
  async observe(world, ctx): Promise<Observation<CopyFacts>> {
    const { closed, says } = await lookAtSource(world, ctx)
    return { state: closed ? 'done' : 'not-started', says }
  },
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const { closed, says } = await lookAtSource(world, ctx)
    if (!closed) return { state: 'not-yet', says }
    const answer = await askPosition(world, addressOf(needed(ctx.facts.writerBefore, 'the writer of the source')))
    return {
      state: 'proved',
      says,
      facts: {
        frozenAt: ctx.facts.frozenAt ?? world.now(),
        ...(answer.ok && answer.position.beat && { beatBefore: answer.position.beat }),
        obligations: withObligation(ctx.facts, {
          id: frozenDuty,
          title: `Allow writes on ${ctx.facts.source?.id ?? 'the source'} again, or finish the cutover`,
          why: 'This run has frozen it. Roll the step back to allow writes again.',
          state: 'open',
        }),
      },
    }
  },
  undo: {
    effect: 'SAFE',
    call: (ctx) => needed(unfenceBySql(ctx, environment), 'the rollback of the freeze'),
    async guard(_world, ctx) {
      return ctx.facts.openedAt === undefined
        ? null
        : 'The application writes to the copy. Allowing writes on the source would split the data.'
    },
    async verify(world, ctx): Promise<Verdict<CopyFacts>> {
      const old = needed(ctx.facts.writerBefore, 'the writer of the source')
      const look = await world.lookAtFence(needed(addressOf(old), 'the address of the source'))
      const open = look !== null && look.canLogin.length > 0 && !look.readOnlyByDefault
      if (!open) return { state: 'not-yet', says: 'It is still frozen.' }
      const obligations = (ctx.facts.obligations ?? []).filter(({ id }) => id !== frozenDuty)
      return { state: 'proved', says: `${old.id} accepts writes again.`, facts: { frozenAt: null, obligations } }
    },
  },
})
