import { nameView } from '../domain/names/agreement'
import type { FollowedName, NameView, ResolverAnswer } from '../domain/names/types'
import type { Clock } from '../ports/clock'
import type { ResolverAddress, Resolvers } from '../ports/names'
import { probeErrorOf } from './sample'

/** Every name by every resolver that can see it. A resolver that does not answer keeps none of the others from being heard. */
export async function readNames(
  { resolvers, followed }: { resolvers: Resolvers; followed: readonly FollowedName[] },
  before: readonly NameView[],
  clock: Clock,
  signal: AbortSignal,
): Promise<NameView[]> {
  const ask = async ({ kind, address }: ResolverAddress, name: string): Promise<ResolverAnswer> => {
    try {
      return { kind, address, answer: await resolvers.ask({ kind, address }, name, signal), error: null }
    } catch (error) {
      return { kind, address, answer: null, error: probeErrorOf(error).message }
    }
  }
  return await Promise.all(
    followed.map(async (one) => {
      const asked = resolvers.all.filter(({ kind }) => one.zone === 'public' || kind !== 'public')
      const answers = await Promise.all(asked.map((resolver) => ask(resolver, one.name)))
      return nameView(one, answers, before.find(({ name }) => name === one.name) ?? null, clock.now())
    }),
  )
}
