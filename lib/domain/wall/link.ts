import { may, type Role } from '../people/permissions'
import { days } from '../units'

/** For how many days a link may open the wall; whoever makes it chooses. */
export const wallLinkDays = [1, 7, 30, 90] as const
export type WallLinkDays = (typeof wallLinkDays)[number]
export const defaultWallLinkDays: WallLinkDays = 7
/** So many links may stand at once: the settings list every one of them, so that every one can be revoked. */
export const mostWallLinks = 100

export const wallLinkExpiry = (now: number, forDays: WallLinkDays): number => now + days(forDays)

/** What decides whether a link opens the wall. Times are milliseconds since the epoch. */
interface WallLinkFacts {
  expiresAt: number
  revokedAt: number | null
  /** Whoever made it, as the account is now; null when it is gone. */
  creator: { role: Role; disabledAt: number | null } | null
}

/**
 * Does a link open the wall at this moment? It must be neither expired nor revoked, and whoever made it must still be
 * allowed to make one: links are no way to go on looking after an account was disabled.
 */
export const wallLinkOpens = ({ expiresAt, revokedAt, creator }: WallLinkFacts, now: number): boolean =>
  revokedAt === null &&
  now < expiresAt &&
  creator !== null &&
  creator.disabledAt === null &&
  may(creator.role, 'declare')
