'use server'

import {
  acknowledge,
  acknowledgeInput,
  page,
  pageInput,
  showAccount,
  showAccountInput,
} from '@/lib/commands/escalation/page'
import { action } from '@/lib/web/action'
import { webEnv } from '@/lib/web/env'

export const pageAction = action(pageInput, (context, input) => page(context, webEnv().NEXTAUTH_URL, input))
export const acknowledgeAction = action(acknowledgeInput, acknowledge)
export const showAccountAction = action(showAccountInput, showAccount)
