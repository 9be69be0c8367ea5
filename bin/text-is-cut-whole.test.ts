// Text that people wrote is cut between characters (lib/domain/text.ts): half of an emoji cannot be kept by PostgreSQL, and
// its end is broken on every screen. A slice of so many units, of what might be such text, is found here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sourcesBelow } from './testing/sources'

const root = join(import.meta.dirname, '..')
/** What is cut here is made of ASCII alone: times, digests, ids. */
const ascii = /toISOString\(\)|digest|hash|sha256|randomUUID\(\)|\bid\b|formatTimeOfDay|utc(Words|Minute)|stamp/i
/** Texts this long are never a list: lists of that many entries are named in the code. */
const cut = /\.(?:slice|substring|substr)\(0, ?(?:[3-9]\d|\d{3,})\)/

test('no text is cut inside a character', () => {
  const wrong = ['app', 'components', 'lib', 'bin']
    .flatMap(sourcesBelow)
    .filter((path) => !/\.test\.tsx?$|\/testing\//.test(path))
    .flatMap((path) => {
      const lines = readFileSync(join(root, path), 'utf8').split('\n')
      return lines.flatMap((line, i) =>
        cut.test(line) && !ascii.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [],
      )
    })
  expect(wrong).toEqual([])
})
