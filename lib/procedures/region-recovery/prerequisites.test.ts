// Scenario: the region is down, and with it what a recovery leans on without anybody having thought of it: our own store, or the right to
// move a name. Both are said before a run begins.
import { describe, expect, test } from 'vitest'
import type { AskedRight, SimulatedRight } from '../../domain/cluster/aws-rights'
import { PortError } from '../../ports/port-error'
import type { World } from '../contract'
import { failBack } from '../fail-back/index'
import { failBackInputs } from '../fail-back/inputs'
import { everything } from '../testing/surroundings'
import { regionRecovery } from './index'
import { regionInputs } from './inputs'

const away = (): never => {
  throw new PortError('unreachable', 'It is away.', { outcome: 'rejected', probe: 'timeout' })
}
const asked: AskedRight[] = []
/** Where everything is away but IAM, Route 53 and our own store. */
function worldOf({ store = '127.0.0.1', denied = '', route53 = true } = {}): World {
  const answers: Record<string, unknown> = {
    fleet: {
      identity: async () => ({ account: '123456789012', arn: 'arn:aws:iam::123456789012:user/w', serverAt: 0 }),
      credentials: async () => ({ expiresAt: null }),
      simulate: async (_principal: string, wanted: AskedRight[]): Promise<SimulatedRight[]> => {
        asked.push(...wanted)
        return wanted.map((right) => ({
          ...{ ...right, boundaryAllows: true, organisationAllows: true, missingContext: [] },
          decision: right.operation === denied ? ('implicit-deny' as const) : ('allowed' as const),
        }))
      },
      ...{ guarded: away, instance: away, restorable: away, maintenance: away },
    },
    names: {
      records: async (_zone: string, name: string) =>
        route53
          ? [
              {
                name,
                set: { Name: name, Type: 'CNAME', Failover: 'PRIMARY', SetIdentifier: 'w', HealthCheckId: 'check-1' },
              },
              { name, set: { Name: name, Type: 'CNAME', Failover: 'SECONDARY', SetIdentifier: 'e' } },
            ]
          : away(),
      ...{ healthCheck: away, observations: away, switchIsSet: away },
      resolvers: { all: [], ask: away },
    },
    house: {
      otherRun: async () => null,
      lastAccepted: async () => null,
      storeWritable: async () => true,
      storeHost: () => store,
      recordWhole: async () => true,
      approversOnline: async () => 1,
    },
    ...{
      environment: { ...everything, poolers: [] },
      pace: 1,
      now: () => 0,
      snapshot: () => null,
      application: null,
      workloads: null,
    },
    ...{ poolers: [], ask: away, askThrough: away, resolve: away, survey: away, lookAtFence: away },
  }
  return answers as unknown as World
}
async function found(world: World, id: string, mode: 'real' | 'drill' = 'real') {
  const inputs = regionInputs.parse({ target: 'us-east-1/replica' })
  const checks = await regionRecovery.preflight(world, { runId: '', mode, startedAt: 0, facts: {}, inputs })
  return checks.find((one) => one.id === id)
}

describe('our own store', () => {
  const home = 'store.abc.us-west-2.rds.amazonaws.com'
  test.each([
    [
      'in the region that is down blocks a recovery',
      home,
      'real',
      'block',
      'with the region. Move the store to us-east-1',
    ],
    ['in the home region is told to a drill', home, 'drill', 'warn', 'is in us-west-2'],
    ['in the other region is fine', 'store.abc.us-east-1.rds.amazonaws.com', 'real', 'pass', 'is in us-east-1'],
    ['beside the runner is fine', '127.0.0.1', 'real', 'pass', 'on the machine of this runner'],
    [
      'at an address that names no region is said',
      'store.internal',
      'real',
      'warn',
      'Check that it is not in us-west-2',
    ],
  ] as const)('%s', async (_name, store, mode, result, message) => {
    expect(await found(worldOf({ store }), 'P3-p', mode)).toMatchObject({
      result,
      message: expect.stringContaining(message),
    })
  })
})

describe('the rights to move names', () => {
  test('are asked of IAM with those of the promotion, each for its own resource', async () => {
    asked.length = 0
    expect(await found(worldOf(), 'PF3')).toMatchObject({ result: 'pass' })
    expect(asked.map(({ operation, resource }) => `${operation} ${resource}`)).toEqual([
      'PromoteReadReplica arn:aws:rds:us-east-1:123456789012:db:replica',
      'ModifyDBInstance arn:aws:rds:us-east-1:123456789012:db:replica',
      's3:PutObject arn:aws:s3:::switch/failover/database',
      'route53:ChangeResourceRecordSets arn:aws:route53:::hostedzone/Z1',
      'route53:UpdateHealthCheck arn:aws:route53:::healthcheck/check-1',
      'route53:ChangeResourceRecordSets arn:aws:route53:::hostedzone/Z2',
      'route53:UpdateHealthCheck arn:aws:route53:::healthcheck/check-1',
    ])
  })
  test('that are denied are named and keep nobody from recovering the database', async () => {
    const check = await found(worldOf({ denied: 's3:PutObject' }), 'PF3')
    expect(check?.result).toBe('warn')
    expect(check?.message).toContain('s3:PutObject is denied on arn:aws:s3:::switch/failover/database')
    expect((await found(worldOf({ denied: 'PromoteReadReplica' }), 'PF3'))?.result).toBe('block')
  })
  test('are asked without the health check while Route 53 does not answer', async () => {
    asked.length = 0
    await found(worldOf({ route53: false }), 'PF3')
    expect(asked.map(({ operation }) => operation)).not.toContain('route53:UpdateHealthCheck')
    expect(asked.map(({ operation }) => operation)).toContain('s3:PutObject')
  })
  test('of the way home are those of the way home', async () => {
    asked.length = 0
    const inputs = failBackInputs.parse({ source: 'us-east-1/promoted', target: 'home' })
    await failBack.preflight(worldOf(), { runId: '', mode: 'real', startedAt: 0, facts: {}, inputs })
    expect(asked.map(({ operation }) => operation).filter((one) => one.includes(':'))).toEqual([
      's3:DeleteObject',
      'route53:ChangeResourceRecordSets',
      'route53:UpdateHealthCheck',
      'route53:UpdateHealthCheck',
    ])
  })
})
