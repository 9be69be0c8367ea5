import type { NextAuthOptions } from 'next-auth'
import { z } from 'zod'
import { type SignInContext, signInAsLabRole, signInByPassword, signInBySubject } from '../commands/people/sign-in'
import type { WebEnv } from '../config/env'
import { ExpectedError } from '../domain/errors'
import { ownPath } from '../domain/own-path'
import { roles } from '../domain/people/permissions'
import { absoluteLimitMs } from '../domain/people/session-rules'
import { endSession } from '../store/people'
import { log } from './log'
import { type SingleSignOnEnv, singleSignOnBy } from './single-sign-on'

const credentialsSchema = z.object({ login: z.string().min(1).max(320), password: z.string().min(1).max(1024) })
const roleSchema = z.object({ role: z.enum(roles) })

/** What the sign-in page is told: a code it has a sentence for, never a sentence (an address could carry anything). */
function code(error: unknown): string {
  if (error instanceof ExpectedError && error.fields?.login) return 'invalid-login'
  // What only an operator can mend is said to them.
  if (error instanceof ExpectedError && error.code === 'unavailable')
    log.error({ reason: error.message }, 'sign-in failed')
  if (error instanceof ExpectedError)
    return error.retryAfterSeconds === null ? error.code : `${error.code}:${error.retryAfterSeconds}`
  log.error({ err: error }, 'signing in failed unexpectedly')
  return 'unexpected'
}

/**
 * next-auth for one request. It handles cookies, forms and the OpenID protocol; its encrypted token carries nothing but
 * the token of a session row, which `lib/web/session.ts` reads on every request.
 */
export function authOptions(
  env: SingleSignOnEnv & { NEXTAUTH_SECRET: string; environment: Pick<WebEnv['environment'], 'kind'> },
  /** `session`: the token of the session that this browser has, if any. */
  from: SignInContext & { session: string | null },
): NextAuthOptions {
  /** Set by the provider that succeeded in this request. */
  let started: string | null = null
  const begin = async (signIn: () => Promise<string>) => {
    try {
      started = await signIn()
      return { id: 'signed-in' } // next-auth wants a user; who it is stands in the session row
    } catch (error) {
      throw new Error(code(error))
    }
  }
  const kind = env.environment.kind
  const singleSignOn = singleSignOnBy(env)

  return {
    secret: env.NEXTAUTH_SECRET,
    session: { strategy: 'jwt', maxAge: absoluteLimitMs / 1000 },
    pages: { signIn: '/sign-in', signOut: '/sign-in', error: '/sign-in' },
    providers: [
      {
        id: 'password',
        name: 'Password',
        type: 'credentials',
        credentials: {},
        authorize: async (input) => {
          const credentials = credentialsSchema.safeParse(input)
          return credentials.success ? await begin(() => signInByPassword(from, credentials.data)) : null
        },
      },
      ...(kind === 'lab'
        ? [
            {
              id: 'lab-role',
              name: 'Lab role',
              type: 'credentials' as const,
              credentials: {},
              authorize: async (input: Record<string, unknown> | undefined) => {
                const asked = roleSchema.safeParse(input)
                return asked.success
                  ? await begin(() => signInAsLabRole({ ...from, environmentKind: kind }, asked.data.role))
                  : null
              },
            },
          ]
        : []),
      ...(singleSignOn ? [singleSignOn.provider] : []),
    ],
    callbacks: {
      async signIn({ account, profile }) {
        if (account?.provider !== 'oidc' || !singleSignOn) return started !== null
        const identity = singleSignOn.identityOf(profile)
        if (!identity) return '/sign-in?error=unexpected'
        try {
          started = await signInBySubject(from, identity, singleSignOn.rules)
          return true
        } catch (error) {
          return `/sign-in?error=${encodeURIComponent(code(error))}`
        }
      },
      jwt: ({ token }) => ({ session: started ?? token.session }),
      session: ({ session }) => ({ expires: session.expires }),
      // `callbackUrl` comes from the form or from a cookie: a page of our own, or the first one.
      redirect: ({ url, baseUrl }) => new URL(ownPath(url, baseUrl) ?? '/', baseUrl).href,
    },
    events: {
      async signOut({ token }) {
        if (typeof token?.session !== 'string') return
        try {
          await endSession(from.store.prisma, token.session)
        } catch (error) {
          log.warn({ err: error }, 'a session could not be ended in the store; its cookie is gone')
        }
      },
    },
    logger: {
      // Wrong passwords are no errors of ours; addresses and tokens stay out of the log.
      error: (errorCode, metadata) => {
        if (errorCode === 'CALLBACK_CREDENTIALS_HANDLER_ERROR') return
        const error = metadata instanceof Error ? metadata : metadata.error
        log.error({ code: errorCode, reason: error instanceof Error ? error.message : undefined }, 'sign-in failed')
      },
      warn: () => {},
      debug: () => {},
    },
  }
}
