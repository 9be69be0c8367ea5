import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plantedFaults } from './testing/planted-faults'

const root = join(import.meta.dirname, '..')

test.each(plantedFaults.map((fault) => [fault.id, fault] as const))(
  '%s can be planted: what it replaces stands in the source exactly once',
  (_id, { file, find, replace }) => {
    expect(readFileSync(join(root, file), 'utf8').split(find)).toHaveLength(2)
    expect(replace).not.toBe(find)
  },
)

test('each fault is planted once', () => {
  expect(new Set(plantedFaults.map((fault) => fault.id)).size).toBe(plantedFaults.length)
})
