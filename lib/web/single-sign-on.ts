import { z } from 'zod'
import type { WebEnv } from '../config/env'
import type { ProvidedIdentity, SingleSignOnRules } from '../domain/people/single-sign-on'
import { log } from './log'

export type SingleSignOnEnv = Pick<
  WebEnv,
  | 'OIDC_ISSUER'
  | 'OIDC_CLIENT_ID'
  | 'OIDC_CLIENT_SECRET'
  | 'OIDC_NAME'
  | 'OIDC_ALLOWED_DOMAINS'
  | 'OIDC_ALLOWED_GROUPS'
  | 'OIDC_GROUPS_CLAIM'
  | 'OIDC_SCOPE'
  | 'OIDC_ADDRESSES'
>

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  email: z.string().optional(),
  email_verified: z.union([z.boolean(), z.string()]).optional(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  /** Seconds since the epoch. */
  auth_time: z.number().optional(),
})

/** How long one answer of the provider may take. */
const providerLimitMs = 10_000

/** What openid-client gives to next-auth, as far as it is used here. */
interface Answered {
  tokens: { claims(): Record<string, unknown> & { sub: string } }
  client: { userinfo(tokens: Answered['tokens']): Promise<Record<string, unknown>> }
}

/**
 * Single sign-on as next-auth's generic provider, and how what the provider says is read; null when there is none. Who somebody is
 * and when they proved it comes from the signed ID token alone. A token that lacks the address, the name, or the groups where
 * groups are asked for, is completed by the provider's user info.
 */
export function singleSignOnBy(env: SingleSignOnEnv) {
  const issuer = env.OIDC_ISSUER
  if (!issuer) return null
  const groupsClaim = env.OIDC_GROUPS_CLAIM
  const needsGroups = env.OIDC_ALLOWED_GROUPS.length > 0
  const rules: SingleSignOnRules = {
    domains: env.OIDC_ALLOWED_DOMAINS,
    groups: env.OIDC_ALLOWED_GROUPS,
    trustsAddresses: env.OIDC_ADDRESSES === 'always',
  }

  async function complete({ tokens, client }: Answered) {
    const claims = tokens.claims()
    const thin =
      claims.email === undefined ||
      (claims.email_verified === undefined && !rules.trustsAddresses) ||
      (claims.name === undefined && claims.preferred_username === undefined) ||
      (needsGroups && claims[groupsClaim] === undefined)
    if (!thin) return claims
    try {
      // The client refuses an answer about another subject.
      const more = await client.userinfo(tokens)
      const whole = { ...more, ...claims, auth_time: claims.auth_time }
      // A word about one address says nothing about another.
      const other = claims.email !== undefined && claims.email !== more.email
      return other ? { ...whole, email_verified: claims.email_verified } : whole
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'the user info of single sign-on could not be read')
      return claims
    }
  }

  return {
    rules,
    provider: {
      id: 'oidc',
      name: env.OIDC_NAME,
      type: 'oauth' as const,
      issuer,
      wellKnown: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      clientId: env.OIDC_CLIENT_ID,
      clientSecret: env.OIDC_CLIENT_SECRET,
      idToken: true,
      // The first sign-in after a start waits for the provider's discovery document, which may take seconds.
      httpOptions: { timeout: providerLimitMs },
      checks: ['pkce' as const, 'state' as const, 'nonce' as const],
      authorization: { params: { scope: env.OIDC_SCOPE } },
      userinfo: {
        request: (answered: unknown) => complete(answered as Answered),
      },
      profile: (profile: { sub: string }) => ({ id: profile.sub }),
    },
    /** What the provider says about whoever came back; null when it says nothing that can be read. */
    identityOf(profile: unknown): ProvidedIdentity | null {
      const parsed = claimsSchema.safeParse(profile)
      if (!parsed.success) return null
      const { sub, email, email_verified, name, preferred_username, auth_time } = parsed.data
      const groups = z
        .union([z.array(z.string()), z.string().transform((one) => [one])])
        .safeParse((profile as Record<string, unknown>)[groupsClaim])
      return {
        issuer,
        subject: sub,
        email: email ?? null,
        emailVerified: email_verified === true || email_verified === 'true',
        name: name ?? preferred_username ?? null,
        groups: groups.success ? groups.data : null,
        authenticatedAt: auth_time === undefined ? null : auth_time * 1000,
      }
    },
  }
}
