/**
 * What people read is plain English: every string and every text of a page, outside the tests, is held against the words that
 * the product does not use, one name for each thing, and a length that a tired reader takes in at the first reading.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { maxWords, refusedWords, textsOf } from './testing/english'
import { sourcesBelow } from './testing/sources'

const root = join(import.meta.dirname, '..')
const texts = ['app', 'bin', 'components', 'lib']
  .flatMap(sourcesBelow)
  .filter((path) => !/\.test\.tsx?$|\/testing\//.test(path))
  .flatMap((path) => textsOf(path, readFileSync(join(root, path), 'utf8')))

test('the texts are found, in strings, templates and pages', () => {
  expect(texts.length).toBeGreaterThan(3000)
  const said = (text: string) => texts.some((found) => found.text.includes(text))
  for (const text of ['The run is not paused.', 'Resolve anyway', 'Stopped before anything was changed.', 'No results'])
    expect(said(text), text).toBe(true)
})

test.each(refusedWords)('none has $word: it is $instead', ({ pattern }) => {
  expect(texts.filter(({ text }) => pattern.test(text)).map(({ where, text }) => `${where} ${text}`)).toEqual([])
})

test(`no sentence has more than ${maxWords} words`, () => {
  const long = texts.flatMap(({ where, text }) =>
    text
      .split(/(?<=[.?!])\s+/)
      .filter((sentence) => sentence.split(' ').filter((word) => /\w/.test(word)).length > maxWords)
      .map((sentence) => `${where} ${sentence}`),
  )
  expect(long).toEqual([])
})
