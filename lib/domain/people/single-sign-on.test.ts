import { describe, expect, it } from 'vitest'
import { isAdmitted, ownAddress, type ProvidedIdentity, type SingleSignOnRules } from './single-sign-on'

const identity = (over: Partial<ProvidedIdentity> = {}): ProvidedIdentity => ({
  issuer: 'https://id.example.org',
  subject: 'abc',
  email: 'Robin@Example.org',
  emailVerified: true,
  name: null,
  groups: null,
  authenticatedAt: null,
  ...over,
})
const rules = (over: Partial<SingleSignOnRules> = {}): SingleSignOnRules => ({
  domains: ['example.org'],
  groups: [],
  trustsAddresses: false,
  ...over,
})

describe('an address is somebody’s own', () => {
  it.each<[string, Partial<ProvidedIdentity>, Partial<SingleSignOnRules>, string | null]>([
    ['when the provider verified it', {}, {}, 'robin@example.org'],
    ['not when it did not', { emailVerified: false }, {}, null],
    ['when the provider verifies them all', { emailVerified: false }, { trustsAddresses: true }, 'robin@example.org'],
    ['not when there is none', { email: null }, { trustsAddresses: true }, null],
    ['not when it is none', { email: 'robin' }, {}, null],
    ['not when it contains a control character', { email: 'ro\u0000bin@example.org' }, {}, null],
    ['not when it names two', { email: 'a@example.com@example.org' }, {}, null],
  ])('%s', (_, who, how, address) => {
    expect(ownAddress(identity(who), rules(how))).toBe(address)
  })
})

describe('somebody is let in', () => {
  it.each<[string, Partial<ProvidedIdentity>, Partial<SingleSignOnRules>, boolean]>([
    ['by the domain of their address', {}, {}, true],
    ['not by a domain that only ends alike', { email: 'robin@evil-example.org' }, {}, false],
    ['not by a subdomain', { email: 'robin@sub.example.org' }, {}, false],
    ['not by an unverified address', { emailVerified: false }, {}, false],
    ['by a group', { groups: ['sre'], email: null }, { domains: [], groups: ['sre'] }, true],
    ['not by another group', { groups: ['sales'], email: null }, { domains: [], groups: ['sre'] }, false],
    ['by either', { groups: ['sre'], email: 'robin@example.com' }, { groups: ['sre'] }, true],
    ['by nothing when nothing is allowed', { groups: ['sre'] }, { domains: [] }, false],
  ])('%s', (_, who, how, admitted) => {
    expect(isAdmitted(identity(who), rules(how))).toBe(admitted)
  })
})
