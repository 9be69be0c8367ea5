import type { Role } from './permissions'

/** A person as screens and commands know them; nothing secret. Times are milliseconds since the epoch. */
export interface Account {
  id: string
  login: string
  name: string
  role: Role
  hasPassword: boolean
  /** Another person set the password: it opens one session, in which a new one must be chosen. */
  passwordOnce: boolean
  hasSingleSignOn: boolean
  disabledAt: number | null
  createdAt: number
}

/** How a person proved who they are. */
export const signInMethods = ['password', 'oidc', 'lab'] as const
export type SignInMethod = (typeof signInMethods)[number]

/** A passkey as its owner and admins see it. Times are milliseconds since the epoch. */
export interface PasskeyView {
  id: string
  accountId: string
  name: string
  createdAt: number
  /** COSE, base64url. */
  publicKey: string
}

/** One sign-in of a person, for the list of sessions. */
export interface SessionView {
  id: string
  accountId: string
  method: SignInMethod
  createdAt: number
  lastSeenAt: number
  expiresAt: number
  userAgent: string | null
  address: string | null
}

/** Logins are compared without case and outer blanks. */
export const normaliseLogin = (login: string): string => login.trim().toLowerCase()

/** The people of the lab, one for each role. They can sign in by one click in a lab environment, and nowhere by password. */
export const labPeople: readonly { login: string; name: string; role: Role }[] = [
  { login: 'avery@lab', name: 'Avery', role: 'viewer' },
  { login: 'robin@lab', name: 'Robin', role: 'responder' },
  { login: 'kai@lab', name: 'Kai', role: 'approver' },
  { login: 'morgan@lab', name: 'Morgan', role: 'commander' },
  { login: 'sasha@lab', name: 'Sasha', role: 'admin' },
]
