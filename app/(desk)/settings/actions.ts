'use server'

import { revalidatePath } from 'next/cache'
import { z } from 'zod'
import { askTest, askTestInput } from '@/lib/commands/integration/test'
import * as add from '@/lib/commands/people/add-person'
import * as role from '@/lib/commands/people/change-role'
import * as identity from '@/lib/commands/people/connect-identity'
import * as sessions from '@/lib/commands/people/end-sessions'
import * as passkeys from '@/lib/commands/people/passkeys'
import * as disabled from '@/lib/commands/people/set-disabled'
import * as password from '@/lib/commands/people/set-password'
import { action } from '@/lib/web/action'
import { passkeySite, webEnv } from '@/lib/web/env'
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

export const connectIdentity = action(identity.connectIdentityInput, async (context, input) => {
  await identity.connectIdentity(context, webEnv().OIDC_ISSUER ?? null, input)
  revalidatePath(page)
})

export const disconnectIdentity = action(identity.disconnectIdentityInput, async (context, input) => {
  await identity.disconnectIdentity(context, input)
  revalidatePath(page)
})

const site = () => passkeySite(webEnv().environment)

export const beginPasskey = action(z.object({}), (context) => passkeys.beginPasskey(context, site()))

export const addPasskey = action(passkeys.addPasskeyInput, async (context, input) => {
  await passkeys.addPasskey(context, site(), input)
  revalidatePath(page)
})

export const removePasskey = action(passkeys.removePasskeyInput, async (context, input) => {
  await passkeys.removePasskey(context, input)
  revalidatePath(page)
})

/** A runner sends what goes out; our own webhook is tried from here, where its secrets are. */
export const sendTest = action(askTestInput, async (context, input) => {
  const test = await askTest(context, webEnv().NEXTAUTH_URL, input)
  if (test.integration === 'alert-webhook') await testAlertWebhook(context, test)
})
