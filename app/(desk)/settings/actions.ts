'use server'

import { revalidatePath } from 'next/cache'
import { askTest, askTestInput } from '@/lib/commands/integration/test'
import * as add from '@/lib/commands/people/add-person'
import * as role from '@/lib/commands/people/change-role'
import * as sessions from '@/lib/commands/people/end-sessions'
import * as disabled from '@/lib/commands/people/set-disabled'
import * as password from '@/lib/commands/people/set-password'
import { action } from '@/lib/web/action'
import { webEnv } from '@/lib/web/env'
import { testAlertWebhook } from '@/lib/web/test-alert-webhook'

const page = '/settings'

export const addPerson = action(add.addPersonInput, async (context, input) => {
  await add.addPerson(context, input)
  revalidatePath(page)
})

export const changeRole = action(role.changeRoleInput, async (context, input) => {
  await role.changeRole(context, input)
  revalidatePath(page)
})

export const setDisabled = action(disabled.setDisabledInput, async (context, input) => {
  await disabled.setDisabled(context, input)
  revalidatePath(page)
})

export const endSessions = action(sessions.endSessionsInput, async (context, input) => {
  await sessions.endSessions(context, input)
  revalidatePath(page)
})

export const setPassword = action(password.setPasswordInput, async (context, input) => {
  await password.setPassword(context, input)
  revalidatePath(page)
})

/** A runner sends what goes out; our own webhook is tried from here, where its secrets are. */
export const sendTest = action(askTestInput, async (context, input) => {
  const test = await askTest(context, webEnv().NEXTAUTH_URL, input)
  if (test.integration === 'alert-webhook') await testAlertWebhook(context, test)
})
