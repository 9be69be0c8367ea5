// One person loads a page that costs much a hundred times at once, and changes what it shows meanwhile. It is read twice: once
// for the first, and once, after all have asked, for the rest.
import { expect, test } from 'vitest'
import { sharedByTurns } from './by-turns'

test('a hundred at once are two readings, and the second begins after all of them asked', async () => {
  const shared = sharedByTurns<string>()
  let words = 'old'
  let reads = 0
  const read = async () => {
    reads += 1
    const seen = words
    await Promise.resolve()
    return seen
  }
  const first = shared('a', read)
  words = 'new'
  const rest = Array.from({ length: 99 }, () => shared('a', read))
  expect(await first).toBe('old')
  expect(new Set(await Promise.all(rest))).toEqual(new Set(['new']))
  expect(reads).toBe(2)
  expect(await shared('a', read)).toBe('new')
  expect(reads).toBe(3)
})

test('keys do not wait for each other, and one that fails is no end', async () => {
  const shared = sharedByTurns<string>()
  const fails = () => Promise.reject(new Error('it failed'))
  const asked = [shared('a', fails), shared('a', fails), shared('b', async () => 'b')]
  const told = await Promise.allSettled(asked)
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  expect(await shared('a', async () => 'a')).toBe('a')
})
