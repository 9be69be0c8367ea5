// The report names rows long after the copy is gone: by key, with the true count, and with what became of each.
import { expect, test } from 'vitest'
import { keyWords, listedRows, listedWords, mostListed, unlisted } from './listed'

const compared = {
  ...{ table: 't', onlySource: 1_204, onlyTarget: 1, different: 0, same: 9, digest: 'd' },
  keys: { source: Array.from({ length: 60 }, (_, i) => `["${i + 1}"]`), target: ['["7","a"]'], different: [] },
}

test('a table is listed by kind, bounded, with what is not listed counted', () => {
  const made = { policy: { kind: 'insert-missing' as const }, effect: { insert: 1_204, update: 0, remove: 0 } }
  const [source, target, ...none] = listedRows(compared, made)
  expect(none).toEqual([])
  if (!source || !target) throw new Error('Both kinds are listed')
  expect(source.keys).toHaveLength(mostListed)
  expect([unlisted(source), listedWords(source)]).toEqual([1_154, '1204 only in the copy: 1204 inserted'])
  expect([target.keys, listedWords(target)]).toEqual([
    [{ key: '7, a', merged: false }],
    '1 only in the database: 1 left as it is',
  ])
})

test('rows that were chosen one by one are told from those that were left', () => {
  const made = { policy: { kind: 'rows' as const, keys: ['["2"]'] }, effect: { insert: 1, update: 0, remove: 0 } }
  const [source] = listedRows(compared, made)
  expect(source?.keys?.slice(0, 2)).toEqual([
    { key: '1', merged: false },
    { key: '2', merged: true },
  ])
  expect(source && listedWords(source)).toBe('1204 only in the copy: 1 inserted, 1203 left as they are')
})

test('what an earlier version compared is counted and not listed', () => {
  const { keys: _none, ...earlier } = compared
  const [source] = listedRows(earlier, null)
  expect([source?.keys, source && unlisted(source)]).toEqual([null, 1_204])
})

test('a key is written as people write it, and is not longer than a line', () => {
  expect([keyWords('["12"]'), keyWords('["a","b"]'), keyWords('no JSON')]).toEqual(['12', 'a, b', 'no JSON'])
  expect(keyWords(JSON.stringify(['x'.repeat(500)]))).toHaveLength(120)
})
