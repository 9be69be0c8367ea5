/*
 * A page of somebody else's, open in the browser of an admin who is signed in here, sends whatever it likes with the admin's
 * cookies. Nothing that changes something may take it: not with another Origin, not without one, not with a Host or forwarded
 * headers that agree with each other and are not ours.
 */
import { expect } from '@playwright/test'
import { Visitor } from '../bench/visitor'
import { cookieValue, sessionCookie } from '../lib/web/cookies'
import { test } from './test'
import { built } from './wire/built'
import { actions, routes } from './wire/endpoints'
import { act, ask, each, port, site } from './wire/http'
import { asOwner, signIn } from './wire/people'

const own = `localhost:${port}`
/** What a forged request may say of where it comes from. A header that is empty is not sent. */
const forgeries: Record<string, Record<string, string>> = {
  'no Origin': { origin: '' },
  'Origin null': { origin: 'null' },
  'another site': { origin: 'https://evil.example' },
  'another port of this machine': { origin: `http://localhost:${port + 1}` },
  'this site by another protocol': { origin: `https://${own}` },
  'a name that begins like ours': { origin: `http://${own}.evil.example` },
  'a name that ends like ours': { origin: `http://evil-${own}` },
  'ours as a user name': { origin: `http://${own}@evil.example` },
  'a path behind our origin': { origin: `${site}/` },
  'Host and Origin of another site': { origin: 'https://evil.example', host: 'evil.example' },
  'our Origin to another Host': { host: 'evil.example' },
  'X-Forwarded-Host of another site': { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' },
  'all forwarded headers of another site': {
    origin: 'https://evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example;proto=https',
    'x-original-host': 'evil.example',
  },
  'our host forwarded, from another site': { origin: 'https://evil.example', 'x-forwarded-host': own },
  'no Origin, but a Referer of ours': { origin: '', referer: `${site}/settings` },
}
const entries = () =>
  asOwner(async (owner) => (await owner.query('SELECT count(*)::int AS n FROM record_entry')).rows[0]?.n as number)
const refusal = /did not come from a page of this War Room/

let cookie: string
test.beforeAll(async () => {
  cookie = await signIn('admin')
})

test('no action takes a forged request, however it is forged', async () => {
  test.setTimeout(120_000)
  const before = await asOwner(
    async (owner) => (await owner.query(`SELECT text FROM record_entry WHERE actor LIKE '%"kind": "person"%'`)).rows,
  )
  const asked = built().actions.flatMap((action) => Object.keys(forgeries).map((how) => ({ action, how })))
  const wrong = await each(asked, async ({ action, how }) => {
    const headers = { ...forgeries[how], cookie }
    const answer = await act(action, actions[action.name]?.input, headers)
    // Ours says why; Next itself refuses some before they reach us, with a 500 and nothing else.
    const ours = answer.result?.ok === false && refusal.test(answer.result.error.message)
    const nexts = answer.result === null && answer.status === 500 && !answer.body.includes('"ok":')
    return ours || nexts ? [] : [`${action.name}, ${how}: ${answer.status} ${JSON.stringify(answer.result)}`]
  })
  expect(wrong.flat()).toEqual([])
  const after = await asOwner(
    async (owner) => (await owner.query(`SELECT text FROM record_entry WHERE actor LIKE '%"kind": "person"%'`)).rows,
  )
  expect(after).toEqual(before)
})

test('no route that takes something takes a forged request', async () => {
  const posts = Object.entries(routes).flatMap(([route, { POST: opens }]) =>
    opens !== undefined && opens !== 'webhook' && route !== '/api/auth/[...nextauth]' ? [route] : [],
  )
  expect(posts.toSorted()).toEqual(['/api/preflights', '/api/wall/link'])
  const before = await entries()
  for (const route of posts)
    for (const [how, headers] of Object.entries(forgeries)) {
      const { status, body } = await ask(route, {
        method: 'POST',
        headers: { origin: site, ...headers, cookie, 'content-type': 'application/json' },
        body: JSON.stringify({ token: 'x'.repeat(43), slug: 'primary-failover', mode: 'dry-run', inputs: {} }),
      })
      expect([200, 403], `${route} ${how}`).toContain(status)
      expect(body, `${route} ${how}`).toMatch(refusal)
    }
  expect(await entries()).toBe(before)
})

test('nobody is signed in or out by a forged request', async () => {
  const name = sessionCookie(site)
  for (const [how, headers] of Object.entries(forgeries)) {
    // A token against forged forms that is good in itself, as a page that could read one would have it.
    const visitor = new Visitor(site)
    const { csrfToken } = (await (await visitor.fetch('/api/auth/csrf')).json()) as { csrfToken: string }
    const forms: [path: string, fields: Record<string, string>, cookie: string][] = [
      ['/api/auth/callback/lab-role', { role: 'admin' }, visitor.cookie],
      ['/api/auth/callback/password', { login: 'morgan@lab', password: 'x' }, visitor.cookie],
      ['/api/auth/signout', {}, `${visitor.cookie}; ${cookie}`],
    ]
    for (const [path, fields, jar] of forms) {
      const answer = await ask(path, {
        method: 'POST',
        headers: { origin: site, ...headers, cookie: jar, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ csrfToken, json: 'true', ...fields }).toString(),
      })
      expect(answer.status, `${path} ${how}`).toBe(403)
      expect(JSON.stringify(answer.headers['set-cookie'] ?? []), `${path} ${how}`).not.toContain(name)
    }
  }
  expect((await ask('/api/snapshot', { headers: { cookie } })).status).toBe(200)
  expect(cookieValue(cookie, name)).toBeTruthy()
})

test('a request that comes from a page of ours is taken, so that the refusals above say something', async () => {
  const readLab = built().actions.find(({ name }) => name === 'lab-actions.ts readLab')
  if (!readLab) throw new Error('readLab is not built')
  expect((await act(readLab, {}, { cookie })).result?.ok).toBe(true)
})

test('no spelling of an address leads from here to another site', async () => {
  const names = ['//evil.example', '/\\evil.example', '/.//evil.example', '/%2e//evil.example', '/x/..//evil.example']
  const asked = [
    ...names,
    ...names.map((path) => `${path}/`),
    ...names.map((path) => `/sign-in?next=${encodeURIComponent(path)}`),
    ...['signin', 'signout', 'error', 'callback/password', 'signin/oidc', 'verify-request'].flatMap((verb) =>
      ['https://evil.example', '//evil.example', '/.//evil.example'].map(
        (to) => `/api/auth/${verb}?callbackUrl=${encodeURIComponent(to)}`,
      ),
    ),
  ]
  const asking: Record<string, string>[] = [{ cookie }, {}, { cookie, ...forgeries['Host and Origin of another site'] }]
  for (const path of asked)
    for (const headers of asking) {
      const { headers: answered } = await ask(path, { headers })
      const to = answered.location
      if (to !== undefined) expect(new URL(to, `${site}${'/a/b'}`).host, `${path} -> ${to}`).toBe(own)
      for (const set of answered['set-cookie'] ?? [])
        expect(decodeURIComponent(set), path).not.toContain('evil.example')
    }
})

test('every answer says what a browser may do with it, whatever is asked for', async () => {
  for (const path of [
    '/',
    '/sign-in',
    '/wall',
    '/nothing.here',
    '/api/health',
    '/api/nothing',
    '/_next/static/none.js',
  ]) {
    const { headers } = await ask(path)
    const policy = String(headers['content-security-policy'])
    expect(policy, path).toContain("frame-ancestors 'none'")
    expect(policy, path).not.toMatch(/script-src[^;]*'unsafe/)
    expect(headers['x-content-type-options'], path).toBe('nosniff')
    expect(headers['referrer-policy'], path).toBeTruthy()
    expect(headers['permissions-policy'], path).toContain('camera=()')
    expect(headers['x-frame-options'], path).toBe('DENY')
  }
  const nonce = async () =>
    /'nonce-([^']+)'/.exec(String((await ask('/sign-in')).headers['content-security-policy']))?.[1]
  const [first, second] = [await nonce(), await nonce()]
  expect(first).toBeTruthy()
  expect(first).not.toBe(second)
  // A client that brings a policy of its own does not choose the nonce.
  const { body } = await ask('/sign-in', { headers: { 'content-security-policy': "script-src 'nonce-chosen'" } })
  expect(body).toContain(' nonce="')
  expect(body).not.toContain('nonce="chosen"')
})

test('an address with a control character is refused before anything is read', async () => {
  for (const path of [
    '/api/runs/%00',
    '/api/record?search=%00',
    '/incidents/1%0d%0aset-cookie:%20x',
    '/api/preflights/%7f',
  ]) {
    const { status, body, headers } = await ask(path, { headers: { cookie } })
    expect(status, path).toBe(400)
    expect(body).toContain('control character')
    expect(headers['set-cookie']).toBeUndefined()
  }
})
