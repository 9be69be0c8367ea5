import { describe, expect, it } from 'vitest'
import { addressGroup, clientAddress } from './guessing'

describe('the address that a limit counts by', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:aaaa::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:bbbb:0:0:9', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s counts as %s', (address, group) => {
    expect(addressGroup(address)).toBe(group)
  })
})

describe('where a request comes from', () => {
  it('is the socket when no proxy of ours stands in front, whatever the client says', () => {
    expect(clientAddress('198.51.100.1', '10.0.0.1, 203.0.113.7', 0)).toBe('198.51.100.1')
  })
  it('is what the outermost proxy of ours saw', () => {
    expect(clientAddress('10.0.0.1', 'forged, 203.0.113.7', 1)).toBe('203.0.113.7')
    expect(clientAddress('10.0.0.1', 'forged, 203.0.113.7, 10.0.0.2', 2)).toBe('203.0.113.7')
  })
  it('is the socket when a proxy added nothing', () => {
    expect(clientAddress('::ffff:10.0.0.1', undefined, 1)).toBe('10.0.0.1')
  })
})
