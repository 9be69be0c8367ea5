import { durationWords } from '../units'
import { type Lead, whereTo } from './move'
import type { FollowedName, NameAnswer, NameView, ResolverAnswer } from './types'

/** An answer without what passes by: two resolvers agree when theirs are equal. */
function keyOf(answer: NameAnswer): string {
  return answer.kind === 'answer' ? answer.addresses.join() : answer.kind
}

/** The one answer of all; null while they differ, or one has not answered. */
function common(answers: readonly ResolverAnswer[]): string | null {
  const keys = new Set(answers.map(({ answer }) => (answer === null ? null : keyOf(answer))))
  const [only = null] = keys
  return keys.size === 1 ? only : null
}

/** What a look has shown, and since when it has been so: an agreement goes on while its answer stays the same. */
export function nameView(
  { use, name }: FollowedName,
  answers: ResolverAnswer[],
  before: NameView | null,
  now: number,
): NameView {
  const answer = common(answers)
  const same = before !== null && before.agreedSince !== null && common(before.answers) === answer
  return { use, name, answers, agreedSince: answer === null ? null : same ? before.agreedSince : now }
}

/** How long all must agree: twice the time for which a resolver may keep an old answer (checklist, item 10). */
const agreedForTtls = 2

/** A name that a run moved, and where its resolvers must lead. */
export interface MovedName {
  name: string
  /** The recovery region. */
  to: string
  leads: { from: Lead | null; to: Lead | null }
}

/** The same of a name that a run moved: resolvers that agree on another place agree on the wrong one. */
export function movedVerdict(
  view: NameView,
  { name, to, leads }: MovedName,
  now: number,
): ReturnType<typeof nameVerdict> {
  const wrong = view.answers.filter(({ answer }) => answer !== null && whereTo(answer, leads) !== 'to')
  if (wrong.length === 0) return nameVerdict(view, now)
  const each = wrong.flatMap(({ address, answer }) => (answer === null ? [] : `${address}: ${answerWords(answer)}`))
  return { state: 'fail', says: `${name} does not point to ${to} everywhere (${each.join('; ')}).` }
}

/** Do all resolvers lead to the same place, and for long enough that no cache holds another one? */
export function nameVerdict(view: NameView, now: number): { state: 'pass' | 'fail' | 'unknown'; says: string } {
  const { name, answers, agreedSince } = view
  const silent = answers.filter(({ answer }) => answer === null)
  const told = answers.flatMap(({ answer }) => answer ?? [])
  if (new Set(told.map(keyOf)).size > 1) {
    const each = answers.flatMap(({ address, answer }) => (answer === null ? [] : `${address}: ${answerWords(answer)}`))
    return { state: 'fail', says: `The resolvers differ on ${name} (${each.join('; ')}).` }
  }
  const [first] = told
  if (first && first.kind !== 'answer') return { state: 'fail', says: `${name} has no address.` }
  if (silent.length > 0 || !first || agreedSince === null) {
    const whom = silent.map(({ address }) => address).join(', ')
    return { state: 'unknown', says: `Where ${name} leads is unknown: no answer from ${whom || 'any resolver'}.` }
  }
  const ttls = told.flatMap((answer) => (answer.kind === 'answer' ? answer.ttlSeconds : []))
  const neededMs = agreedForTtls * Math.max(...ttls) * 1000
  const agreedMs = now - agreedSince
  if (agreedMs < neededMs)
    return {
      state: 'unknown',
      says: `All resolvers have agreed on ${name} for ${durationWords(agreedMs)} of ${durationWords(neededMs)}.`,
    }
  return { state: 'pass', says: `All ${answers.length} resolvers lead ${name} to ${answerWords(first)}.` }
}

const answerWords = (answer: NameAnswer): string =>
  answer.kind === 'answer' ? answer.addresses.join(', ') : 'no address'

/** Names of the database that do not lead to this host, by their answers; what no resolver has answered is not among them. */
export const namesElsewhere = (views: readonly NameView[], host: string, addresses: readonly string[]): string[] =>
  views.flatMap(({ use, name, answers }) => {
    const told = answers.flatMap(({ answer }) => (answer?.kind === 'answer' ? answer : []))
    const leads = told.some(
      ({ alias, addresses: led }) => alias === host || led.some((one) => one === host || addresses.includes(one)),
    )
    return use === 'database' && told.length > 0 && !leads ? [name] : []
  })
