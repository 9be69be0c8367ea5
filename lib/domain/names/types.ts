import type { RecordSetInput } from '../procedure/names-call'

/** What a name leads to: the writer of the database, or the application's API. */
export const nameUses = ['database', 'api'] as const
export type NameUse = (typeof nameUses)[number]

/** Where a resolver stands: the name servers of the zone, the resolver of the cluster's network, or one of the public. */
export const resolverKinds = ['authoritative', 'cluster', 'public'] as const
export type ResolverKind = (typeof resolverKinds)[number]

export interface HostedZone {
  id: string
  /** Without the dot at its end. */
  name: string
  isPrivate: boolean
}

/** One record set of a name, whole, as it would be written again. */
export interface NameRecord {
  /** Without the dot at its end. */
  name: string
  /** Its settings that a change must carry along. */
  set: RecordSetInput
}

/** Whether a change of records has reached all name servers. */
export type ChangeStatus = 'pending' | 'in-sync'

export interface NameHealthCheck {
  id: string
  /** Named by an update, so that a change of somebody else is not lost. */
  version: number
  type: string
  /** Host, port and path that it looks at, as far as it has them. */
  endpoint: { host: string | null; port: number | null; path: string | null }
  disabled: boolean
  inverted: boolean
}

/** What one of Route 53's checkers saw. */
export interface CheckObservation {
  region: string
  passed: boolean
  says: string
  /** ms */
  at: number | null
}

/** A name that is followed, as it is configured. */
export interface FollowedName {
  use: NameUse
  name: string
  /** A name of a private zone is not asked of public resolvers: for them it does not exist. */
  zone: 'public' | 'private'
}

/** What each resolver says of one name. */
export interface NameView extends Pick<FollowedName, 'use' | 'name'> {
  answers: ResolverAnswer[]
  /** Since when all have given the same answer, ms; null while they differ or one does not answer. */
  agreedSince: number | null
}

export interface ResolverAnswer {
  kind: ResolverKind
  address: string
  /** Null when it did not answer; `error` says why. */
  answer: NameAnswer | null
  error: string | null
}

/** What a resolver answers for a name. */
export type NameAnswer =
  | {
      kind: 'answer'
      /** Where the name leads to by CNAME; null without one. */
      alias: string | null
      addresses: string[]
      /** Seconds until it may be another; the shortest of the chain. */
      ttlSeconds: number
    }
  | { kind: 'no-such-name' }
  | { kind: 'no-address' }
