import 'server-only'
import { createStore, type Store } from '../store/client'
import { type Prove, proverOf } from '../store/web-proof'
import { webEnv } from './env'

const kept = globalThis as { warroomStore?: Store }

/** The store as this web process has it: one pool, also when development reloads modules. */
export function webStore(): Store {
  kept.warroomStore ??= createStore(webEnv().DATABASE_URL)
  return kept.warroomStore
}

/** By which this web proves itself to its store, where nobody is signed in. */
export const webProver = (): Prove => proverOf(webEnv().NEXTAUTH_SECRET)
