import { expect, test } from 'vitest'
import { misplacedFaults, plantedFaults } from './index'

test('every planted fault has one place in the code as it is now', () => {
  expect(misplacedFaults()).toEqual([])
})

test('no two planted faults have the same name', () => {
  const ids = plantedFaults.map(({ id }) => id)
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
})
