'use server'

import { revalidatePath } from 'next/cache'
import { z } from 'zod'
import type { CommandContext } from '@/lib/commands/context'
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

/** The page is made anew with what the command changed. */
const changing =
  <I>(command: (context: CommandContext, input: I) => Promise<unknown>) =>
  async (context: CommandContext, input: I): Promise<void> => {
    await command(context, input)
    revalidatePath('/settings')
  }
const site = () => passkeySite(webEnv().environment)

export const addPerson = action(add.addPersonInput, changing(add.addPerson))
export const changeRole = action(role.changeRoleInput, changing(role.changeRole))
export const setDisabled = action(disabled.setDisabledInput, changing(disabled.setDisabled))
export const endSessions = action(sessions.endSessionsInput, changing(sessions.endSessions))
export const setPassword = action(password.setPasswordInput, changing(password.setPassword))
export const connectIdentity = action(
  identity.connectIdentityInput,
  changing((context, input: z.output<typeof identity.connectIdentityInput>) =>
    identity.connectIdentity(context, webEnv().OIDC_ISSUER ?? null, input),
  ),
)
export const disconnectIdentity = action(identity.disconnectIdentityInput, changing(identity.disconnectIdentity))
export const beginPasskey = action(z.object({}), (context) => passkeys.beginPasskey(context, site()))
export const addPasskey = action(
  passkeys.addPasskeyInput,
  changing((context, input: z.output<typeof passkeys.addPasskeyInput>) => passkeys.addPasskey(context, site(), input)),
)
export const removePasskey = action(passkeys.removePasskeyInput, changing(passkeys.removePasskey))

/** A runner sends what goes out; our own webhook is tried from here, where its secrets are. */
export const sendTest = action(askTestInput, async (context, input) => {
  const test = await askTest(context, webEnv().NEXTAUTH_URL, input)
  if (test.integration === 'alert-webhook') await testAlertWebhook(context, test)
})
