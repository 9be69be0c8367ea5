import { normaliseLogin } from './account'

/* Whom an identity provider may let in. */

/** What a provider says about somebody. */
export interface ProvidedIdentity {
  issuer: string
  subject: string
  email: string | null
  /** The provider's own word that the address belongs to this person. */
  emailVerified: boolean
  name: string | null
  /** Null when the provider names none. */
  groups: readonly string[] | null
  /** When the person proved to the provider who they are, ms; null when it does not say. */
  authenticatedAt: number | null
}

export interface SingleSignOnRules {
  /** Domains of e-mail addresses, lower case. */
  domains: readonly string[]
  groups: readonly string[]
  /** The provider verifies every address that it names, and does not say so. */
  trustsAddresses: boolean
}

/** The address that counts as this person's own, lower case; null when the provider names none or does not vouch for it. */
export function ownAddress(identity: ProvidedIdentity, rules: SingleSignOnRules): string | null {
  if (identity.email === null || !(identity.emailVerified || rules.trustsAddresses)) return null
  const address = normaliseLogin(identity.email)
  return /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(address) && address.length <= 200 ? address : null
}

/** Is this person on the list: by the domain of an address of their own, or by a group? */
export function isAdmitted(identity: ProvidedIdentity, rules: SingleSignOnRules): boolean {
  const domain = ownAddress(identity, rules)?.split('@')[1]
  return (
    (domain !== undefined && rules.domains.includes(domain)) ||
    (identity.groups ?? []).some((group) => rules.groups.includes(group))
  )
}
