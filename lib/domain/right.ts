/**
 * May this be done, and if not, why: one rule for the command that refuses, the screen that disables the button and whoever
 * asks over the wire. `code`: who asks may not (`not-allowed`), or nobody can at this moment (`conflict`).
 */
export type Right = { allowed: true; why: null } | { allowed: false; why: string; code: 'not-allowed' | 'conflict' }

export const allowed: Right = { allowed: true, why: null }
export const notAllowed = (why: string): Right => ({ allowed: false, why, code: 'not-allowed' })
export const notNow = (why: string): Right => ({ allowed: false, why, code: 'conflict' })

/** Allowed when it holds; otherwise nobody can at this moment. */
export const when = (holds: boolean, why: string): Right => (holds ? allowed : notNow(why))

/** The right, unless something else stands against it, in a sentence. */
export const unless = (right: Right, why: string | null): Right => (right.allowed && why !== null ? notNow(why) : right)

/** The first of these that is refused, or allowed when all are. */
export const every = (...rights: Right[]): Right => rights.find((right) => !right.allowed) ?? allowed
