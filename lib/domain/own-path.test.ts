// A link to the sign-in page carries where to go afterwards. Whoever writes that link must not choose another site, however
// the address is spelled: a browser drops tabs and newlines, takes a backslash for a slash and resolves dots, escaped or not.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ownPath } from './own-path'

const site = 'https://warroom.example'

/** Where a browser goes that is sent to `path` from a page of ours: by link, by script or by a Location header. */
const arrivals = (path: string) =>
  [`${site}/`, `${site}/sign-in?next=x`, `${site}/incidents/1/report`].map((from) => new URL(path, from))

const pieces = [
  '/',
  '//',
  '\\',
  '.',
  '..',
  '%2e',
  '%2E%2e',
  '%2f',
  '%5c',
  '%00',
  '%09',
  '\t',
  '\n',
  '\r',
  '\u0000',
  ' ',
  '\u00a0',
  '@',
  ':',
  '?',
  '#',
  ';',
  '&',
  '／',
  '＼',
  '。',
  '․',
  '\u2028',
  '\u202e',
  '\ud800',
  '🔥',
  'http:',
  'https:',
  'HTTPS://',
  'javascript:',
  'data:',
  'blob:',
  'warroom.example',
  'evil.example',
  'evil.example:443',
  '[::1]',
  'x',
  'incidents',
  'sign-in',
  'api',
  'next=',
]

describe('a path from outside', () => {
  test.each([
    '/.//evil.example',
    '/%2e//evil.example',
    '/x/..//evil.example/a?b=c',
    '/./\\evil.example',
    '/a/../\\evil.example',
    '//evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    'https:evil.example',
    'https://warroom.example@evil.example/',
    'javascript:alert(1)',
    '/\\/evil.example',
    '/%5cevil.example',
    '/%2f/evil.example',
  ])('%j never leads away', (asked) => {
    const path = ownPath(asked) ?? '/'
    for (const arrival of arrivals(path)) expect(arrival.origin).toBe(site)
  })

  test('no spelling leads to another site, and what is accepted means the same when it is read again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary' })), {
          maxLength: 9,
        }),
        fc.constantFrom(undefined, site),
        (parts, of) => {
          const path = ownPath(parts.join(''), of)
          if (path === null) return
          for (const arrival of arrivals(path)) {
            expect(arrival.origin).toBe(site)
            expect(arrival.pathname + arrival.search).toBe(path)
            expect(arrival.pathname).toMatch(/^\/(?!\/)/)
          }
          expect(ownPath(path, of)).toBe(path)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  test('every page of ours is accepted as it is, except the sign-in page', () => {
    const app = join(import.meta.dirname, '../../app')
    const pages = readdirSync(app, { recursive: true, encoding: 'utf8' })
      .filter((file) => /(^|\/)page\.tsx$/.test(file))
      .map((file) => file.replace(/\/?page\.tsx$/, '').replaceAll(/\([^)]*\)\/?/g, ''))
      .map((path) => `/${path.replaceAll(/\[[^\]]+\]/g, '01a9-Cd_2')}`.replace(/(.)\/$/, '$1'))
    expect(pages).toContain('/incidents/01a9-Cd_2/report')
    for (const page of pages) expect(ownPath(page)).toBe(page === '/sign-in' ? null : page)
    expect(ownPath('/incidents?search=a%20b&kind=real')).toBe('/incidents?search=a%20b&kind=real')
  })

  test('an API, the sign-in page and a path that is too long are no pages to arrive at', () => {
    for (const asked of [
      '/api/export/1',
      '/api',
      '/sign-in?next=/sign-in',
      `/x?${'y'.repeat(3000)}`,
      7,
      null,
      undefined,
    ])
      expect(ownPath(asked)).toBeNull()
    expect(ownPath('/apiary')).toBe('/apiary')
  })

  test('a full address counts when it is of this site', () => {
    expect(ownPath('https://warroom.example/runs?x=1', site)).toBe('/runs?x=1')
    expect(ownPath('http://warroom.example/runs', site)).toBeNull()
    expect(ownPath('https://warroom.example:8443/runs', site)).toBeNull()
    expect(ownPath('https://robin@warroom.example/runs', site)).toBeNull()
  })
})
