import { describe, expect, it } from 'vitest'
import { nodeKey, nodeWords, readNodeKey } from './node-key'

describe('the key of a node', () => {
  it('is its name in the home region, and never a name of the home region elsewhere', () => {
    expect(nodeKey('replica-1', 'us-west-2', 'us-west-2')).toBe('replica-1')
    const away = nodeKey('replica-1', 'us-east-1', 'us-west-2')
    expect(away).not.toBe('replica-1')
    // An RDS identifier has letters, digits and hyphens.
    expect(away).not.toMatch(/^[A-Za-z0-9-]+$/)
    expect(away).not.toBe(nodeKey('replica-1', 'eu-west-1', 'us-west-2'))
  })

  it('gives back the name that the API uses, and the region', () => {
    expect(readNodeKey(nodeKey('r-1', 'us-west-2', 'us-west-2'))).toEqual({ name: 'r-1', elsewhere: null })
    expect(readNodeKey(nodeKey('r-1', 'us-east-1', 'us-west-2'))).toEqual({ name: 'r-1', elsewhere: 'us-east-1' })
  })

  it('reads as the name, with the region when it is another one', () => {
    expect(nodeWords('replica-1')).toBe('replica-1')
    expect(nodeWords('us-east-1/prod-replica-1', (name) => name.slice(5))).toBe('replica-1 (us-east-1)')
  })
})
