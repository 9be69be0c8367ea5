import { ExpectedError } from '../../lib/domain/errors'
import { type EnvironmentStamp, refusedByStore } from '../../lib/domain/store-environments'
import type { Store } from '../../lib/store/client'
import { readStamps, WrongStoreError } from '../../lib/store/environments'
import { configExitCode } from './process'

const againMs = 500

/**
 * Resolves when the store has said that it belongs to this environment, and ends the program when it says that it does not.
 * A store that is away or in trouble is asked again: live health does not wait for it.
 */
export async function whenStamped(store: Pick<Store, 'pool'>, { name, kind }: EnvironmentStamp): Promise<void> {
  let told = ''
  for (;;) {
    try {
      const refused = refusedByStore({ name, kind }, await readStamps(store))
      if (refused === null) return
      leave(refused)
    } catch (error) {
      if (error instanceof WrongStoreError) leave(error.message)
      const trouble = error instanceof ExpectedError ? '' : String(error)
      if (trouble && trouble !== told) process.stderr.write(`The environment of the store is unknown: ${trouble}\n`)
      told = trouble
    }
    await new Promise((resolve) => setTimeout(resolve, againMs))
  }
}

function leave(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(configExitCode)
}
