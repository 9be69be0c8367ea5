import { describe, expect, it } from 'vitest'
import { failingOverSince, shortName } from './inventory'

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
