import { describe, expect, it } from 'vitest'
import {
  type AccountChange,
  type AccountChangeKind,
  handoverMs,
  secondPersonRefusal,
  secondPersonSentence,
} from './second-person'

const now = Date.UTC(2026, 5, 1)
const hour = 3_600_000
const did = (byId: string, kind: AccountChangeKind, accountId: string, hoursAgo = 1): AccountChange => ({
  byId,
  kind,
  accountId,
  at: now - hoursAgo * hour,
})
const refusal = (changes: AccountChange[], identities: { accountId: string; key: string }[] = []) =>
  secondPersonRefusal('starter', 'other', { changes, identities }, now)

describe('two accounts are two people', () => {
  it.each<[string, AccountChange[]]>([
    ['when nobody changed either', []],
    ['a day after one made the other', [did('starter', 'created', 'other', 24)]],
    ['when two admins reset one each', [did('m', 'credentials', 'starter'), did('n', 'credentials', 'other')]],
    [
      'when each changed their own credentials',
      [did('starter', 'credentials', 'starter'), did('other', 'credentials', 'other')],
    ],
    ['when one admin gave both their roles', [did('m', 'role', 'starter'), did('m', 'role', 'other')]],
    ['when the second gave the starter a role', [did('other', 'role', 'starter')]],
    ['when both once reset a third', [did('starter', 'credentials', 'x'), did('other', 'credentials', 'x')]],
  ])('%s', (_, changes) => {
    expect(refusal(changes)).toBeNull()
  })
})

describe('two accounts may be one person', () => {
  it.each<[string, AccountChange[], string]>([
    ['the starter made the other', [did('starter', 'created', 'other')], 'same-hand'],
    ['the starter reset the other', [did('starter', 'credentials', 'other', 23)], 'same-hand'],
    ['the other made the starter', [did('other', 'created', 'starter')], 'same-hand'],
    [
      'an account that the starter reset made it',
      [did('starter', 'credentials', 'x'), did('x', 'created', 'other')],
      'same-hand',
    ],
    ['one admin made both', [did('m', 'created', 'starter'), did('m', 'credentials', 'other')], 'same-hand'],
    ['the starter gave the other its role', [did('starter', 'role', 'other')], 'favour'],
    ['the starter enabled the other', [did('starter', 'enabled', 'other')], 'favour'],
    [
      'an account of the starter gave the other its role',
      [did('starter', 'created', 'x'), did('x', 'role', 'other')],
      'favour',
    ],
    [
      'whoever made the starter gave the other its role',
      [did('m', 'created', 'starter'), did('m', 'role', 'other')],
      'favour',
    ],
  ])('when %s', (_, changes, reason) => {
    expect(refusal(changes)?.reason).toBe(reason)
  })

  it('when they share an identity, also over a third account that one of them made', () => {
    const shared = ['starter', 'x'].map((accountId) => ({ accountId, key: 'address a' }))
    expect(refusal([], [...shared, { accountId: 'other', key: 'address a' }])?.reason).toBe('same-identity')
    expect(refusal([did('x', 'created', 'other')], shared)?.reason).toBe('same-hand')
  })
})

it('says from when on they are two again, by the last change that stands in the way', () => {
  const changes = [did('starter', 'created', 'other', 20), did('starter', 'role', 'other', 2), did('m', 'role', 'x', 1)]
  expect(refusal(changes)?.until).toBe(now - 2 * hour + handoverMs)
  expect(secondPersonRefusal('a', 'a', { changes, identities: [] }, now)?.until).toBeNull()
})

it('tells the person why, and others about them', () => {
  const people = {
    now,
    names: new Map([
      ['m', 'Mallory'],
      ['starter', 'Robin'],
    ]),
  }
  const who = { starter: { id: 'starter', name: 'Robin' }, other: { id: 'other', name: 'Kai' } }
  const found = refusal([did('starter', 'credentials', 'other', 2)])
  if (!found) throw new Error('not refused')
  expect(secondPersonSentence(found, who, people, 'other')).toBe(
    'Robin created your account or reset its credentials within 24 h. Someone else must decide, or you in 22 h.',
  )
  expect(secondPersonSentence(found, who, people, null)).toBe(
    'Robin created the account of Kai or reset its credentials within 24 h. They count as one person for another 22 h.',
  )
})
