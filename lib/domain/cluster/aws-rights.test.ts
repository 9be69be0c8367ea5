import { describe, expect, test } from 'vitest'
import { identityOf, judgeRights, principalOf, rdsArn, type SimulatedRight } from './aws-rights'

describe('whose policies apply to an identity', () => {
  test.each([
    ['arn:aws:iam::123456789012:user/ops/war-room', 'arn:aws:iam::123456789012:user/ops/war-room'],
    ['arn:aws:sts::123456789012:assumed-role/war-room/i-0abc', 'arn:aws:iam::123456789012:role/war-room'],
    ['arn:aws-us-gov:sts::123456789012:assumed-role/war-room/x', 'arn:aws-us-gov:iam::123456789012:role/war-room'],
    ['arn:aws:iam::123456789012:root', null],
    ['arn:aws:sts::123456789012:federated-user/bob', null],
    ['nonsense', null],
  ])('%s: %s', (identity, principal) => expect(principalOf(identity)).toBe(principal))
})

test.each([
  ['arn:aws:sts::1:assumed-role/war-room/i-0abc', 'arn:aws:sts::1:assumed-role/war-room/'],
  ['arn:aws:iam::1:user/ops/war-room', 'arn:aws:iam::1:user/ops/war-room'],
  ['arn:aws:sts::1:federated-user/bob', 'arn:aws:sts::1:federated-user/bob'],
])('a session of a role is any session of it: %s', (identity, same) => expect(identityOf(identity)).toBe(same))

test('a resource is named in the partition of the identity', () => {
  const cluster = { kind: 'cluster', name: 'c' } as const
  expect(rdsArn('arn:aws-cn:sts::1:assumed-role/r/s', 'cn-north-1', '1', cluster)).toBe(
    'arn:aws-cn:rds:cn-north-1:1:cluster:c',
  )
  expect(rdsArn('nonsense', 'us-west-2', '1', { kind: 'db', name: 'w' })).toBe('arn:aws:rds:us-west-2:1:db:w')
})

describe('what a simulation means for a run', () => {
  const arn = 'arn:aws:rds:us-west-2:1:cluster:c'
  const needed = { operation: 'FailoverDBCluster', resource: { kind: 'cluster', name: 'c' }, arn } as const
  const allowed: SimulatedRight = {
    ...{ operation: 'FailoverDBCluster', resource: arn, decision: 'allowed', missingContext: [] },
    ...{ boundaryAllows: true, organisationAllows: true },
  }
  const judged = (over: Partial<SimulatedRight>, without: string | null = null) =>
    judgeRights([{ ...needed, without }], [{ ...allowed, ...over }])

  test('what is allowed passes', () => expect(judged({})).toEqual({ result: 'pass', says: [] }))

  test.each<[Partial<SimulatedRight>, string]>([
    [{ decision: 'implicit-deny' }, 'no policy allows it'],
    [{ decision: 'explicit-deny' }, 'a policy denies it explicitly'],
    [{ decision: 'implicit-deny', boundaryAllows: false }, 'the permissions boundary does not allow it'],
    [{ decision: 'implicit-deny', organisationAllows: false }, 'no service control policy allows it'],
    [{ decision: 'explicit-deny', organisationAllows: false }, 'a service control policy denies it'],
  ])('%o blocks with its reason', (over, why) =>
    expect(judged(over)).toEqual({ result: 'block', says: [`FailoverDBCluster is denied on ${arn}: ${why}.`] }),
  )

  test('what the run can do without warns, and says what happens then', () =>
    expect(judged({ decision: 'explicit-deny' }, 'SQL fences.')).toEqual({
      result: 'warn',
      says: [`FailoverDBCluster is denied on ${arn}: a policy denies it explicitly. SQL fences.`],
    }))

  test.each(['implicit-deny', 'explicit-deny'] as const)(
    'a %s that depends on a value IAM did not have is not certain',
    (decision) =>
      expect(judged({ decision, missingContext: ['aws:ResourceTag/team'] })).toEqual({
        result: 'warn',
        says: [
          `FailoverDBCluster may be denied on ${arn}: a policy depends on aws:ResourceTag/team, which IAM cannot simulate.`,
        ],
      }),
  )

  test('one that IAM said nothing of is never a pass', () =>
    expect(judgeRights([{ ...needed, without: null }], [{ ...allowed, resource: 'another' }]).result).toBe('warn'))

  test('one that is denied blocks, whatever else is allowed', () => {
    const fence = { operation: 'ModifyDBInstance', resource: { kind: 'db', name: 'w' }, arn: 'w' } as const
    const denied: SimulatedRight = { ...allowed, decision: 'implicit-deny' }
    const other: SimulatedRight = { ...allowed, operation: 'ModifyDBInstance', resource: 'w' }
    expect(
      judgeRights(
        [
          { ...needed, without: null },
          { ...fence, without: 'x' },
        ],
        [other, denied],
      ).result,
    ).toBe('block')
  })
})
