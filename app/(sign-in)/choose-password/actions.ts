'use server'

import { choosePassword, choosePasswordInput } from '@/lib/commands/people/set-password'
import { action, limitedContext } from '@/lib/web/action'

export const choosePasswordAction = action(choosePasswordInput, choosePassword, limitedContext)
