import { duty, type Obligation } from '../run/obligation'
import { type Lead, type Where, whereTo } from './move'
import type { NameAnswer, ResolverAnswer } from './types'

/** Obligations of a run towards the names that it moved begin so. */
export const nameDuty = 'name-'
const idOf = (name: string, what: string) => `${nameDuty}${name}:${what}`

/** What is seen of a name after its change. */
export interface MovedLook {
  name: string
  /** The region that it is moved to. */
  to: string
  leads: { from: Lead | null; to: Lead | null }
  /** Longest that a resolver may keep the former answer, seconds; null where it is not known. */
  ttlSeconds: number | null
  answers: readonly ResolverAnswer[]
  /** Route 53's own word on the change; null where it has none to give, such as of an object in S3. */
  sync: 'in-sync' | 'pending' | { unknown: string } | null
  /** When its name servers were first seen to lead there, ms; null while they were not. */
  movedAt: number | null
  now: number
}

export interface MovedVerdict {
  state: 'proved' | 'not-yet'
  says: string
  movedAt: number | null
  /** Where the name servers that respond lead. */
  where: Where
  /** What stays to be seen, whether it is still so or not: those that are not are met. */
  owed: Obligation[]
}

/** Where no TTL is known, the most that Route 53 suggests for a record of a failover pair, seconds. */
const ttlOtherwise = 60

const answerWords = (answer: NameAnswer | null): string => {
  if (answer === null) return 'nothing'
  return answer.kind === 'answer' ? (answer.alias ?? answer.addresses.join(', ')) : 'no address'
}

/**
 * Is the name moved? Its name servers decide; the other resolvers are given as long as they may keep what they have, and after that
 * they are named and stay open, as does a word of Route 53 that never comes: neither holds up a recovery.
 */
export function judgeMoved(look: MovedLook): MovedVerdict {
  const { name, to, answers, leads, now } = look
  const judged = answers.map((one) => ({ ...one, where: whereTo(one.answer, leads) }))
  const servers = judged.filter(({ kind }) => kind === 'authoritative')
  const others = judged.filter(({ kind }) => kind !== 'authoritative')
  const answering = servers.filter(({ answer }) => answer !== null)
  const behind = answering.filter(({ where }) => where !== 'to')
  const [first] = answering.map((one) => one.where)
  const where = first !== undefined && answering.every((one) => one.where === first) ? first : 'unknown'
  const not = (says: string, movedAt: number | null): MovedVerdict => ({
    state: 'not-yet',
    says,
    movedAt,
    where,
    owed: [],
  })
  if (answering.length === 0) {
    const why = servers.find(({ error }) => error !== null)?.error ?? 'none is configured.'
    return not(`Where ${name} points is unknown: no name server of its zone responds. ${why}`, look.movedAt)
  }
  if (behind.length > 0) {
    const each = behind.map(({ address, answer }) => `${address} answers ${answerWords(answer)}`)
    return not(`The name servers do not point ${name} to ${to} yet: ${each.join(', ')}.${syncWords(look)}`, null)
  }
  const movedAt = look.movedAt ?? now
  const leftMs = movedAt + (look.ttlSeconds ?? ttlOtherwise) * 1000 - now
  const late = others.filter(({ where }) => where !== 'to')
  if (late.length > 0 && leftMs > 0)
    return not(
      `The name servers point ${name} to ${to}. ${late.map((one) => lateWords(one, leftMs)).join(' ')}`,
      movedAt,
    )
  const owed = [...late.map((one) => resolverOwed(look, one)), ...syncOwed(look)]
  const told = others.length - late.length
  const heard =
    others.length === 0
      ? 'No independent resolver is configured.'
      : `${told} of ${others.length} independent ${others.length === 1 ? 'resolver agrees' : 'resolvers agree'}.`
  const open = owed.length > 0 ? ` Open: ${owed.map(({ title }) => title).join('; ')}.` : ''
  return {
    state: 'proved',
    says: `The name servers point ${name} to ${to}. ${heard}${syncWords(look)}${open}`,
    movedAt,
    where,
    owed,
  }
}

function lateWords({ address, answer }: ResolverAnswer & { where: Where }, leftMs: number): string {
  if (answer === null) return `The resolver ${address} does not respond.`
  // What a resolver tells is the rest of the time for which it keeps its answer; what it keeps too long says nothing of that.
  const own = answer.kind === 'answer' ? answer.ttlSeconds * 1000 : leftMs
  return `The resolver ${address} still answers ${answerWords(answer)}, for ${Math.ceil(Math.min(own, leftMs) / 1000)} s more at most.`
}

function resolverOwed({ name, to, ttlSeconds }: MovedLook, { address, answer, error }: ResolverAnswer): Obligation {
  const why =
    answer === null
      ? (error ?? 'It does not respond.')
      : `It answers ${answerWords(answer)} beyond the TTL of ${ttlSeconds ?? ttlOtherwise} s. Its clients still go there.`
  return duty(idOf(name, `resolver:${address}`), `See the resolver ${address} point ${name} to ${to}`, why)
}

/** What is owed while Route 53 has not said that a change is everywhere. */
export function syncOwed({ name, sync }: Pick<MovedLook, 'name' | 'sync'>): Obligation[] {
  if (sync === null || sync === 'in-sync') return []
  const why = sync === 'pending' ? 'It still reports the change as PENDING.' : sync.unknown
  return [duty(idOf(name, 'sync'), `See Route 53 report the change of ${name} as INSYNC`, why)]
}

function syncWords({ sync }: MovedLook): string {
  if (sync === null) return ''
  if (sync === 'in-sync') return ' Route 53 reports the change as INSYNC.'
  return sync === 'pending' ? ' Route 53 reports the change as PENDING.' : ` ${sync.unknown}`
}

/** A name that follows its health check leads back by itself: while nobody pins it, that is owed. */
export const returnOwed = (name: string, home: string, to: string): Obligation =>
  duty(
    idOf(name, 'return'),
    `Keep ${name} in ${to}`,
    `It follows its health check, and points back to ${home} as soon as that is healthy. Force the check, or accept it.`,
  )

/** It was moved, and its name servers lead to where it was moved from. */
export const leadsBackOwed = (name: string, from: string, to: string): Obligation =>
  duty(
    idOf(name, 'back'),
    `Point ${name} to ${to} again`,
    `Its name servers point it back to ${from}. Nothing may write there.`,
  )

/** What a run owes for a name after another look: what is no longer so is met, and what is new is added. */
export function namesSeen(before: readonly Obligation[], name: string, owed: readonly Obligation[]): Obligation[] {
  const ofName = ({ id }: Obligation) => id.startsWith(idOf(name, '')) && id !== idOf(name, 'return')
  const kept = before.map((one): Obligation => {
    const still = owed.find(({ id }) => id === one.id)
    if (!ofName(one) || one.state !== 'open') return one
    return still ? { ...one, why: still.why } : { ...one, state: 'met' }
  })
  return [...kept, ...owed.filter(({ id }) => !before.some((one) => one.id === id))]
}

/** What a run owed for a name that a later run has led back on purpose: nothing any more. */
export const namesLeft = (before: readonly Obligation[], name: string): Obligation[] =>
  before.map((one) => (one.id.startsWith(idOf(name, '')) && one.state === 'open' ? { ...one, state: 'met' } : one))
