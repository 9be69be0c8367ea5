// The crash matrix and "never stuck" take whatever procedure the catalogue has. One that is new says how the lab drives it.
import { expect, test } from 'vitest'
import { procedures } from '../procedures/index'
import { drives } from './testing/drives/index'

test('every procedure of the catalogue has a drive, every drive a procedure that takes its inputs', () => {
  expect([...new Set(drives.map(({ slug }) => slug))].sort()).toEqual(procedures.map(({ slug }) => slug).sort())
  for (const { slug, name, inputs } of drives)
    expect([name, procedures.find((one) => one.slug === slug)?.inputs.safeParse(inputs).success]).toEqual([name, true])
  expect(new Set(drives.map(({ name }) => name)).size).toBe(drives.length)
})
