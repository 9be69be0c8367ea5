// What browsers are told about every answer. Whether pages work within it is seen in a browser (e2e/test.ts).
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addressHasControls, askedPath, contentSecurityPolicy, securityHeaders, sonnerStyles } from './security-headers'

const asked = { site: 'https://warroom.example', path: '/incidents/1', nonce: 'bm9uY2U=', dev: false }
const directives = (over: Partial<typeof asked> = {}) =>
  new Map(
    contentSecurityPolicy({ ...asked, ...over })
      .split('; ')
      .map((one) => [one.split(' ')[0], one.split(' ').slice(1)]),
  )

describe('the content security policy of a page', () => {
  test('runs scripts by nonce alone', () => {
    expect(directives().get('script-src')).toEqual(["'self'", "'nonce-bm9uY2U='", "'strict-dynamic'"])
    expect(contentSecurityPolicy(asked).match(/'unsafe-[a-z]+'/g)).toEqual(["'unsafe-inline'"])
    expect(directives().get('style-src-attr')).toEqual(["'unsafe-inline'"])
    expect(directives().get('style-src')).not.toContain("'unsafe-inline'")
  })

  test('lets nobody frame it, rebase it, or send its forms elsewhere, and begins with nothing allowed', () => {
    expect(directives().get('frame-ancestors')).toEqual(["'none'"])
    expect(directives().get('base-uri')).toEqual(["'none'"])
    expect(directives().get('form-action')).toEqual(["'self'"])
    expect(directives().get('default-src')).toEqual(["'none'"])
    for (const [name, sources] of directives())
      for (const source of sources) expect(`${name} ${source}`).toMatch(/ ('|data:$)/)
  })

  test('allows an API nothing at all', () => {
    const api = directives({ path: '/api/export/1' })
    expect([...api.values()].flat().filter((source) => source !== "'none'")).toEqual([])
    expect([...api.keys()]).toContain('frame-ancestors')
  })

  test('knows the styles that the installed sonner writes into the page', () => {
    const code = readFileSync(join(import.meta.dirname, '../../node_modules/sonner/dist/index.mjs'), 'utf8')
    const styles = JSON.parse(/__insertCSS\(("(?:[^"\\]|\\.)*")\)/.exec(code)?.[1] ?? '""') as string
    expect(styles.length).toBeGreaterThan(1000)
    const sum = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`
    expect(sonnerStyles).toEqual([sum(''), sum(styles)])
  })
})

test('a site by https is never asked for by http again; a site by http promises nothing that it cannot keep', () => {
  expect(securityHeaders(asked)['strict-transport-security']).toBe('max-age=31536000')
  expect(contentSecurityPolicy(asked)).toContain('upgrade-insecure-requests')
  const plain = { ...asked, site: 'http://localhost:3000' }
  expect(Object.keys(securityHeaders(plain))).not.toContain('strict-transport-security')
  expect(contentSecurityPolicy(plain)).not.toContain('upgrade-insecure-requests')
})

test('the path to come back to is the one that a person sees, without what the router adds', () => {
  expect(askedPath('/incidents')).toBe('/incidents')
  expect(askedPath('/incidents?kind=real&_rsc=1x2')).toBe('/incidents?kind=real')
  expect(askedPath('/incidents?_rsc=1x2')).toBe('/incidents')
})

test('an address that contains a control character is known, however it is escaped', () => {
  const escaped = (code: number) => encodeURIComponent(String.fromCharCode(code))
  const controls = Array.from({ length: 256 }, (_, code) => code).filter(
    (code) => code < 32 || (code > 126 && code < 160),
  )
  for (const code of controls) expect(addressHasControls(`/api/runs/x${escaped(code)}?a=b`), String(code)).toBe(true)
  for (const text of ['a b', 'é', '🔥', '%', '©', 'ÿ', '/'])
    expect(addressHasControls(`/api/record?search=${encodeURIComponent(text)}`), text).toBe(false)
  expect(addressHasControls('/api/runs/%7F')).toBe(true)
})
