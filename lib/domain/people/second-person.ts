import { durationWords } from '../units'

/*
 * Who counts as a second person. Two accounts are not two people when one of them, or a third account, made or reset the other
 * within the last day: whoever set a password may know it. The store has the same rule as its function second_person_refusal;
 * a test over generated cases compares the two.
 */

/**
 * What was done to an account. `created` and `credentials` (password, passkey, linked identity) let whoever did it sign in with
 * that account; `role` and `enabled` make somebody an approver who was none.
 */
export const accountChangeKinds = ['created', 'credentials', 'role', 'enabled'] as const
export type AccountChangeKind = (typeof accountChangeKinds)[number]

export interface AccountChange {
  accountId: string
  kind: AccountChangeKind
  /** The account that did it; null when nobody did (a first sign-in, the seed). */
  byId: string | null
  /** Milliseconds since the epoch, on the store's clock. */
  at: number
}

/** What the rule needs to know about everybody. Changes older than `handoverMs` do not matter. */
export interface KnownPeople {
  changes: readonly AccountChange[]
  /** What identifies a human: a subject of single sign-on, an address, a passkey. Accounts that share one are one person's. */
  identities: readonly { accountId: string; key: string }[]
}

/** How long an account counts as the hand of whoever made it or reset its credentials, ms. */
export const handoverMs = 24 * 3_600_000

export type SecondPersonReason = 'starter' | 'same-identity' | 'same-hand' | 'favour'

export interface SecondPersonRefusal {
  reason: SecondPersonReason
  /** The account whose change stands in the way; null when no change does. */
  byId: string | null
  /** From when on it no longer does, ms; null when waiting does not help. */
  until: number | null
}

const lets = (kind: AccountChangeKind): boolean => kind === 'created' || kind === 'credentials'

/** Every account whose owner may be the human behind this one: by identity, or by having made or reset it lately. */
function handsOf(account: string, people: KnownPeople, since: number): Set<string> {
  const hands = new Set([account])
  for (const id of hands) {
    for (const { accountId, kind, byId, at } of people.changes)
      if (accountId === id && byId !== null && lets(kind) && at > since) hands.add(byId)
    const keys = new Set(people.identities.filter((one) => one.accountId === id).map((one) => one.key))
    for (const one of people.identities) if (keys.has(one.key)) hands.add(one.accountId)
  }
  return hands
}

const shared = (a: Set<string>, b: Set<string>): string | null => [...a].find((id) => b.has(id)) ?? null

function refusalAt(starter: string, other: string, people: KnownPeople, now: number): SecondPersonRefusal | null {
  if (starter === other) return { reason: 'starter', byId: null, until: null }
  const keys = new Set(people.identities.filter((one) => one.accountId === starter).map((one) => one.key))
  if (people.identities.some((one) => one.accountId === other && keys.has(one.key)))
    return { reason: 'same-identity', byId: null, until: null }
  const since = now - handoverMs
  const starterHands = handsOf(starter, people, since)
  const common = shared(starterHands, handsOf(other, people, since))
  if (common !== null) return { reason: 'same-hand', byId: common, until: null }
  const favour = people.changes.find(
    ({ accountId, byId, at }) =>
      accountId === other &&
      byId !== null &&
      byId !== other &&
      at > since &&
      shared(starterHands, handsOf(byId, people, since)) !== null,
  )
  return favour ? { reason: 'favour', byId: favour.byId, until: null } : null
}

/**
 * Why `other` is no second person for what `starter` began, at `now`; null when they are two people. Refused are the starter,
 * an account of the same identity, an account that may be in the same hands (one made or reset the other, or one account did
 * that to both, also over several accounts), and one that the starter, or an account in the starter's hands, gave its role or
 * enabled.
 */
export function secondPersonRefusal(
  starter: string,
  other: string,
  people: KnownPeople,
  now: number,
): SecondPersonRefusal | null {
  const refusal = refusalAt(starter, other, people, now)
  if (!refusal || refusal.reason === 'starter' || refusal.reason === 'same-identity') return refusal
  const ends = people.changes.map(({ at }) => at + handoverMs).filter((at) => at > now)
  ends.sort((a, b) => a - b)
  const until = ends.find((at) => refusalAt(starter, other, people, at) === null) ?? null
  return { ...refusal, until }
}

interface Person {
  id: string
  name: string
}

/**
 * The refusal in words, spoken to `other` when they are the viewer and about them otherwise. `starter` started the run, or
 * (`requested`) asked for what is decided. `people.names` knows who `byId` is.
 */
export function secondPersonSentence(
  refusal: SecondPersonRefusal,
  { starter, other, requested = false }: { starter: Person; other: Person; requested?: boolean },
  people: { now: number; names: ReadonlyMap<string, string> },
  viewerId: string | null,
): string {
  const you = viewerId === other.id
  const left = refusal.until === null ? null : durationWords(refusal.until - people.now)
  const consequence = you
    ? `Someone else must decide${left === null ? '' : `, or you in ${left}`}.`
    : `They count as one person${left === null ? '' : ` for another ${left}`}.`
  const by = (refusal.byId !== null && people.names.get(refusal.byId)) || 'Another account'
  const account = you ? 'your account' : `the account of ${other.name}`
  switch (refusal.reason) {
    case 'starter':
      return you
        ? `You ${requested ? 'requested this' : 'started this run'}. Someone else must decide.`
        : `${other.name} ${requested ? 'requested this' : 'started this run'}.`
    case 'same-identity':
      return `${you ? 'Your account' : `The account of ${other.name}`} and that of ${starter.name} share an address, an identity or a passkey. ${consequence}`
    case 'same-hand':
      if (refusal.byId === other.id)
        return `${you ? 'You' : other.name} created the account of ${starter.name} or reset its credentials within 24 h. ${consequence}`
      if (refusal.byId === starter.id)
        return `${starter.name} created ${account} or reset its credentials within 24 h. ${consequence}`
      return `${by} created or reset both ${account} and that of ${starter.name} within 24 h. ${consequence}`
    case 'favour':
      return you
        ? `${by} changed your role or enabled your account within 24 h. ${consequence}`
        : `${by} changed the role of ${other.name} or enabled the account within 24 h. ${other.name} may not approve this run.`
  }
}
