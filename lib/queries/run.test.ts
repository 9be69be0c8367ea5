import { expect, test } from 'vitest'
import { outputPage } from './keys'
import { pagesFor } from './run'

test('only the pages of output that are looked at are read', () => {
  expect(pagesFor(0, 30, 100_000)).toEqual([0])
  expect(pagesFor(outputPage - 1, outputPage, 100_000)).toEqual([0, 1])
  expect(pagesFor(99_990, 99_999, 100_000)).toEqual([99_999 / outputPage].map(Math.floor))
})

test('rows outside of the output ask for its first or last page, and an empty output for none', () => {
  expect(pagesFor(-1, -1, 10)).toEqual([0])
  expect(pagesFor(2_000, 2_010, 10)).toEqual([0])
  expect(pagesFor(0, 0, 0)).toEqual([])
})
