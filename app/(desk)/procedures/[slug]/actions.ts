'use server'

import { askPreflight, askPreflightInput } from '@/lib/commands/run/ask-preflight'
import { startRun, startRunInput } from '@/lib/commands/run/start-run'
import { action } from '@/lib/web/action'
import { webEnv } from '@/lib/web/env'
import { liveHub } from '@/lib/web/hub'

export const checkAction = action(askPreflightInput, (context, input) =>
  askPreflight(context, webEnv().environment, input),
)
export const startAction = action(startRunInput, (context, input) =>
  startRun(context, webEnv().environment, input, liveHub().snapshot()),
)
