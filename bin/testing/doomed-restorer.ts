import type { LoadCall } from '../../lib/domain/procedure/call'
import { restorerOf } from './restorer'

/** A runner that restores what it is told to, until a test kills it. */
process.once('message', ({ call, password }: { call: LoadCall; password: string }) => {
  void restorerOf(password).execute(call, {
    mayGoOn: () => {},
    signal: new AbortController().signal,
    progress: () => {},
  })
})
process.send?.('ready')
