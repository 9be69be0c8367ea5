import type { EnvironmentKind } from '../environment'
import { type Account, labPeople, type SignInMethod } from './account'

/** How a person can prove again who they are, without signing out. */
const stepUpWays = ['lab', 'password', 'single-sign-on'] as const
export type StepUpWay = (typeof stepUpWays)[number]

/** The ways that this person has in this session: one click in a lab, their password, or the provider that knows them. */
export function stepUpWaysOf(
  account: Pick<Account, 'login' | 'hasPassword' | 'passwordOnce' | 'hasSingleSignOn'>,
  session: { method: SignInMethod },
  here: { kind: EnvironmentKind; singleSignOn: boolean },
): StepUpWay[] {
  const has: Record<StepUpWay, boolean> = {
    lab: here.kind === 'lab' && session.method === 'lab' && labPeople.some(({ login }) => login === account.login),
    password: account.hasPassword && !account.passwordOnce,
    'single-sign-on': here.singleSignOn && account.hasSingleSignOn,
  }
  return stepUpWays.filter((way) => has[way])
}
