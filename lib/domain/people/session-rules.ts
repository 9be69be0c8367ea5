/** A sign-in ends 12 h after its person was last active, and after 7 days in any case. Milliseconds. */
export const idleLimitMs = 12 * 3_600_000
export const absoluteLimitMs = 7 * 24 * 3_600_000
/** Activity is noted at most this often, so that reading costs no write. */
export const noteActivityEveryMs = 60_000
/** So often is noted that a live page is open: well within the time after which nobody is called online. */
export const notePresenceEveryMs = 30_000
/** Whoever was seen within this time is online. */
export const onlineMs = 2 * 60_000

/**
 * A dangerous act needs proof within this time of who does it, ms. The store has the same figure in its function session_person,
 * and its clock is the one that counts.
 */
export const freshAuthenticationMs = 5 * 60_000

export interface SessionTimes {
  lastSeenAt: number
  expiresAt: number
  revokedAt: number | null
  accountDisabledAt: number | null
  /** Opened with a one-time password. */
  mustChoosePassword: boolean
}

/** `limited`: good for choosing a new password, and for nothing else. */
type SessionState = 'live' | 'limited' | 'revoked' | 'disabled' | 'expired' | 'idle'

/** Whether a sign-in still stands at `now`. */
export function sessionState(times: SessionTimes, now: number): SessionState {
  if (times.revokedAt !== null) return 'revoked'
  if (times.accountDisabledAt !== null) return 'disabled'
  if (times.expiresAt <= now) return 'expired'
  if (times.lastSeenAt + idleLimitMs <= now) return 'idle'
  return times.mustChoosePassword ? 'limited' : 'live'
}
