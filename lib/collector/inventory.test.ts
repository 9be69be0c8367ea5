import { describe, expect, it } from 'vitest'
import type { FleetInstance } from '../ports/fleet'
import { failingOverSince, type Inventory, notFound, shortName, writeAddress } from './inventory'

const now = 1_800_000_000_000
const begun = (source: string) => ({
  at: now - 5000,
  source,
  message: 'Multi-AZ instance failover started',
  categories: ['failover'],
})

describe('a failover that RDS reports', () => {
  it('is one of the guarded database when a node at home tells of it', () =>
    expect(failingOverSince(null, [begun('orders')], now)).toBe(now - 5000))
  it('is none when a replica in another region tells of it, whatever its name', () => {
    expect(failingOverSince(null, [begun('us-east-1/orders')], now)).toBeNull()
    expect(failingOverSince(null, [begun('orders'), begun('us-east-1/orders')], now)).toBe(now - 5000)
  })
})

describe('a short name', () => {
  it('says the region when it is another one', () => {
    expect(shortName('castmatch-prod-replica-1', 'castmatch-prod-cluster')).toBe('replica-1')
    expect(shortName('us-east-1/castmatch-prod-replica-1', 'castmatch-prod-cluster')).toBe('replica-1 (us-east-1)')
  })
})

describe('where writes are tried', () => {
  const at = (host: string) => ({ host, port: 5432 })
  const of = (name: string, region: string): FleetInstance => ({
    ...notFound(name, region, 'us-west-2'),
    address: at(name),
  })
  const inventory = {
    cluster: { ...{ id: 'c', status: 'available', members: [] }, writerEndpoint: at('endpoint') },
    instances: [of('home', 'us-west-2'), of('replica', 'us-east-1')],
  } as unknown as Inventory
  const asked = (writerId: string | null) => writeAddress(inventory, { writerId }, 'us-west-2')?.host
  it('is the endpoint at home while the writer is there, or is not known', () =>
    expect([asked('home'), asked(null)]).toEqual(['endpoint', 'endpoint']))
  it('is the promoted database itself, which no endpoint at home follows', () =>
    expect(asked('us-east-1/replica')).toBe('replica'))
})
