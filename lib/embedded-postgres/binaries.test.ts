import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeLinks } from './binaries'

let base = ''
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'wr-links-'))
  mkdirSync(join(base, 'native', 'lib'), { recursive: true })
})
afterEach(() => rmSync(base, { recursive: true, force: true }))
const listed = (target: string) =>
  writeFileSync(
    join(base, 'native', 'pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libpq.so.5.15', target }]),
  )

it('makes a library link that the package lists and nobody made, and leaves it on the next start', () => {
  writeFileSync(join(base, 'native', 'lib', 'libpq.so.5.15'), '')
  listed('native/lib/libpq.so.5')
  makeLinks(base)
  makeLinks(base)
  expect(readlinkSync(join(base, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.15')
})

it('names the link that is missing and cannot be made', () => {
  listed('native/nowhere/libpq.so.5')
  expect(() => makeLinks(base)).toThrow(
    `PostgreSQL's library link ${join(base, 'native/nowhere/libpq.so.5')} is missing and could not be made`,
  )
})
