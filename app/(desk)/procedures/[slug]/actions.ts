'use server'

import { askPreflight, askPreflightInput } from '@/lib/commands/run/ask-preflight'
import { startRun, startRunInput } from '@/lib/commands/run/start-run'
import { action, received } from '@/lib/web/action'
import { webEnv } from '@/lib/web/env'
import { liveHub } from '@/lib/web/hub'

/** Called by a request of its own, whose body is whatever was sent. */
export const checkAction = received(askPreflightInput, (context, input) =>
  askPreflight(context, webEnv().environment, input),
)
export const startAction = action(startRunInput, (context, input) =>
  startRun(context, webEnv().environment, input, liveHub().snapshot()),
)
