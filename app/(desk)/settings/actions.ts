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
import { ExpectedError } from '@/lib/domain/errors'
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

/** The provider that identities are of. Throws ExpectedError where there is none. */
function issuer(): string {
  const { OIDC_ISSUER } = webEnv()
  if (!OIDC_ISSUER) throw new ExpectedError('not-allowed', 'Single sign-on is not set up here.')
  return OIDC_ISSUER
}

export const connectIdentity = action(identity.connectIdentityInput, async (context, input) => {
  await identity.connectIdentity(context, issuer(), input)
  revalidatePath(page)
})

export const disconnectIdentity = action(identity.disconnectIdentityInput, async (context, input) => {
  await identity.disconnectIdentity(context, input)
  revalidatePath(page)
})

/** The site that passkeys are for. Throws ExpectedError where none can be registered. */
function site() {
  const found = passkeySite(webEnv().environment)
  if (!found) throw new ExpectedError('not-allowed', 'Passkeys are not set up here.')
  return found
}

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
