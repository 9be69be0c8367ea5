import type { EnvironmentKind } from '../domain/environment'
import 'server-only'
import { labPeople } from '../domain/people/account'
import { type Role, roleSummaries } from '../domain/people/permissions'
import { webEnv } from './env'
import { webStore } from './store'

interface SignInChoices {
  environment: { name: string; kind: EnvironmentKind }
  storeAnswers: boolean
  singleSignOn: string | null
  labRoles: { role: Role; name: string; summary: string }[]
}

/** What the sign-in page offers here and now. */
export async function signInChoices(): Promise<SignInChoices> {
  const { environment, OIDC_ISSUER, OIDC_NAME } = webEnv()
  const storeAnswers = await webStore()
    .pool.query('SELECT 1')
    .then(
      () => true,
      () => false,
    )
  return {
    environment: { name: environment.name, kind: environment.kind },
    storeAnswers,
    singleSignOn: OIDC_ISSUER ? OIDC_NAME : null,
    labRoles:
      environment.kind === 'lab'
        ? labPeople.map(({ role, name }) => ({ role, name, summary: roleSummaries[role] }))
        : [],
  }
}
