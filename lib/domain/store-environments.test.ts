// A configuration names the wrong store. Nothing of one environment is ever written into the store of another, and a lab and
// the real world never share one.

import { describe, expect, test } from 'vitest'
import { environmentKinds } from './environment'
import { type EnvironmentStamp, refusedByStore, refusedStamp } from './store-environments'

const one = (name: string, kind: EnvironmentStamp['kind']): EnvironmentStamp => ({ name, kind })
const pairs = environmentKinds.flatMap((a) => environmentKinds.map((b) => [a, b] as const))

describe('a store', () => {
  test.each(pairs)(
    'of a %s environment and one of kind %s by another name share it unless one of them is a lab',
    (a, b) => {
      const may = (a === 'lab') === (b === 'lab')
      expect(refusedStamp(one('x', a), [one('y', b)]) === null).toBe(may)
      expect(refusedByStore(one('x', a), [one('y', b), one('x', a)]) === null).toBe(may)
    },
  )

  test.each(pairs)('that knows the same name as %s is not used as %s, unless that is the same', (a, b) => {
    expect(refusedStamp(one('x', b), [one('x', a)]) === null).toBe(a === b)
    expect(refusedByStore(one('x', b), [one('x', a)]) === null).toBe(a === b)
  })

  test.each(environmentKinds)(
    'that is not stamped for it is not started on by a %s, and says how to change that',
    (kind) => {
      expect(refusedStamp(one('x', kind), [])).toBeNull()
      expect(refusedByStore(one('x', kind), [])).toMatch(/belongs to no environment yet, not to x \(.*npm run migrate/)
    },
  )
})
