import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyName, instanceName } from './names'

const suffix = '20261129t0115z-0a1b2c'
/** RDS User Guide: 1 to 63 letters, digits and single hyphens, a letter first, no hyphen last. */
const identifier = /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/

test('a copy is named by its source, the minute of its run and the run', () => {
  expect(copyName('castmatch-prod-cluster', suffix, 1)).toBe('castmatch-prod-cluster-20261129t0115z-0a1b2c')
  expect(copyName('castmatch-prod-cluster', suffix, 2)).toBe('castmatch-prod-cluster-20261129t0115z-0a1b2c-2')
})

test('every name is one that RDS accepts, and two copies or instances never share one', () => {
  const base = fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/).filter((name) => identifier.test(name))
  fc.assert(
    fc.property(base, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 15 }), (name, copies, n) => {
      const copy = copyName(name, suffix, copies)
      expect(copy).toMatch(identifier)
      expect(instanceName(copy, n)).toMatch(identifier)
      expect(copyName(name, suffix, copies + 1)).not.toBe(copy)
    }),
  )
})
