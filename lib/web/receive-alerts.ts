import 'server-only'
import { receiveWebhook } from '../commands/escalation/receive'
import type { ParsedWebhook } from './alert-webhook'
import { webEnv } from './env'
import { webProver, webStore } from './store'

/** Keeps what a checked webhook brought; false when it was kept before. Throws ExpectedError when the store is away. */
export const receive = (parsed: ParsedWebhook): Promise<boolean> =>
  receiveWebhook({ store: webStore(), environment: webEnv().environment.name, prove: webProver() }, parsed, Date.now())
