/*
 * The whole way through a real OpenID provider: from the sign-in page's button over the provider's own pages back to a
 * session row, by HTTP with a cookie jar, as a browser would go.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NextApiRequest, NextApiResponse } from 'next'
import NextAuth from 'next-auth'
import Provider from 'oidc-provider'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { databasePerTest } from '../../bin/testing/database'
import { roles } from '../domain/people/permissions'
import { addAccount } from '../store/people'
import { authOptions } from './auth-options'
import { sessionCookie, sessionToken } from './cookies'
import { sessionReader } from './session-reader'

const database = databasePerTest()
const secret = 'a secret of this test, long enough to be one'
const clientSecret = 'the secret that the provider and the War Room share'
let provider: { url: string; close(): Promise<void> }
let warRoom: { url: string; close(): Promise<void> }
let emailVerified = true
let environmentKind: 'lab' | 'production' = 'production'

async function listen(server: Server): Promise<{ url: string; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

beforeEach(async () => {
  emailVerified = true
  environmentKind = 'production'
  const outer = createServer()
  warRoom = await listen(outer)
  const inner = createServer()
  provider = await listen(inner)
  const oidc = new Provider(provider.url, {
    clients: [
      {
        client_id: 'warroom',
        client_secret: clientSecret,
        redirect_uris: [`${warRoom.url}/api/auth/callback/oidc`],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['one key of this test'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@example.org`, email_verified: emailVerified, name: 'Robin Doe' }),
    }),
  })
  inner.on('request', oidc.callback())
  outer.on('request', (request, response) => void serveAuth(request, response))
})
afterEach(async () => {
  await warRoom.close()
  await provider.close()
})

/** next-auth with our options behind a plain HTTP server: what the route does inside Next. */
async function serveAuth(request: IncomingMessage, response: ServerResponse): Promise<void> {
  process.env.NEXTAUTH_URL = warRoom.url
  const url = new URL(request.url ?? '/', warRoom.url)
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const cookies = new Map(
    (request.headers.cookie ?? '').split('; ').map((c) => c.split(/=(.*)/s).slice(0, 2) as [string, string]),
  )
  const api = Object.assign(response, {
    status: (code: number) => {
      response.statusCode = code
      return api
    },
    json: (value: unknown) => api.send(value),
    send: (value: unknown) => {
      if (typeof value === 'string') return response.end(value)
      return response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
    },
    redirect: (target: string) => response.writeHead(302, { location: target }).end(),
  })
  const asked = Object.assign(request, {
    query: { ...Object.fromEntries(url.searchParams), nextauth: url.pathname.replace('/api/auth/', '').split('/') },
    cookies: Object.fromEntries([...cookies].map(([name, value]) => [name, decodeURIComponent(value)])),
    body: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
  })
  const options = authOptions(
    {
      NEXTAUTH_SECRET: secret,
      OIDC_ISSUER: provider.url,
      OIDC_CLIENT_ID: 'warroom',
      OIDC_CLIENT_SECRET: clientSecret,
      OIDC_NAME: 'Example',
      OIDC_ALLOWED_DOMAINS: ['example.org'],
      OIDC_ALLOWED_GROUPS: [],
      OIDC_GROUPS_CLAIM: 'groups',
      OIDC_SCOPE: 'openid email profile',
      OIDC_ADDRESSES: 'verified',
      environment: { kind: environmentKind },
    },
    { store: database().store, address: '10.0.0.1', userAgent: 'test', now: Date.now, session: null },
  )
  await NextAuth(asked as unknown as NextApiRequest, api as unknown as NextApiResponse, options)
}

/** A browser without a screen: keeps cookies per host and port. */
function browser() {
  const jars = new Map<string, Map<string, string>>()
  const jar = (url: string) => {
    const { host } = new URL(url)
    const known = jars.get(host) ?? new Map<string, string>()
    jars.set(host, known)
    return known
  }
  async function go(url: string, form?: Record<string, string>): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...jar(url)].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (name === undefined || value === undefined) continue
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(cookie)) jar(url).delete(name)
      else jar(url).set(name, value)
    }
    return response
  }
  const csrf = async () =>
    ((await (await go(`${warRoom.url}/api/auth/csrf`)).json()) as { csrfToken: string }).csrfToken
  return {
    go,
    cookie: (name: string) => jar(warRoom.url).get(name),
    async post(path: string, fields: Record<string, string>): Promise<URL> {
      const response = await go(`${warRoom.url}${path}`, { ...fields, csrfToken: await csrf(), json: 'true' })
      return new URL(((await response.json()) as { url: string }).url)
    },
    async session() {
      const token = await sessionToken(jar(warRoom.url).get(sessionCookie(warRoom.url)), secret)
      return token === null ? null : await sessionReader(database().store, Date.now).confirm(token)
    },
  }
}

/** Follows the provider's pages as `login` would, up to the first address of ours that is not the protocol's. */
async function throughProvider(user: ReturnType<typeof browser>, start: URL, login: string): Promise<URL> {
  for (let at = start, steps = 0; steps < 15; steps++) {
    const page = await user.go(at.href)
    const location = page.headers.get('location')
    if (location !== null) {
      at = new URL(location, at)
      if (at.origin === warRoom.url && !at.pathname.startsWith('/api/auth/callback')) return at
      continue
    }
    const html = await page.text()
    const form = /<form[^>]*action="([^"]+)"/.exec(html)?.[1]
    if (!form) throw new Error(`No way on from ${at.href}: ${html.slice(0, 300)}`)
    const fields: Record<string, string> = html.includes('name="login"')
      ? { prompt: 'login', login, password: 'any' }
      : { prompt: 'consent' }
    const answer = await user.go(new URL(form, at).href, fields)
    at = new URL(answer.headers.get('location') ?? '', at)
  }
  throw new Error('The provider never came back.')
}

const startOidc = (user: ReturnType<typeof browser>) => user.post('/api/auth/signin/oidc', { callbackUrl: '/' })

describe('single sign-on by OpenID Connect', () => {
  it('makes a viewer of somebody new, and the cookie holds nothing but a session', async () => {
    const user = browser()
    const back = await throughProvider(user, await startOidc(user), 'robin')
    expect(back.searchParams.get('error')).toBeNull()
    expect(await user.session()).toMatchObject({
      person: { login: 'robin@example.org', name: 'Robin Doe', role: 'viewer' },
    })
  })

  it('asks the provider with PKCE, state and nonce', async () => {
    const asked = (await startOidc(browser())).searchParams
    expect(asked.get('code_challenge_method')).toBe('S256')
    expect(asked.get('state')).toBeTruthy()
    expect(asked.get('nonce')).toBeTruthy()
  })

  it('gives a person with an account their own role', async () => {
    await addAccount(database().store.prisma, { login: 'robin@example.org', name: 'Robin', role: 'commander' })
    const user = browser()
    await throughProvider(user, await startOidc(user), 'robin')
    expect(await user.session()).toMatchObject({ person: { role: 'commander' } })
  })

  it('gives no account away to an address that the provider did not verify', async () => {
    emailVerified = false
    await addAccount(database().store.prisma, { login: 'robin@example.org', name: 'Robin', role: 'admin' })
    const user = browser()
    const back = await throughProvider(user, await startOidc(user), 'robin')
    expect(back.pathname + back.search).toBe('/sign-in?error=not-allowed')
    expect(await user.session()).toBeNull()
  })

  it('refuses an answer that another browser asked for', async () => {
    const [user, victim] = [browser(), browser()]
    const asked = await startOidc(user)
    let answer: URL | null = null
    const listening = {
      ...user,
      go: async (url: string, form?: Record<string, string>) => {
        if (url.includes('/api/auth/callback/oidc')) {
          answer = new URL(url)
          return new Response(null, { status: 302, headers: { location: `${warRoom.url}/stopped` } })
        }
        return await user.go(url, form)
      },
    }
    await throughProvider(listening, asked, 'mallory')
    if (!answer) throw new Error('The provider did not answer.')
    const response = await victim.go((answer as URL).href)
    expect(response.headers.get('location')).toContain('error=')
    expect(await victim.session()).toBeNull()
  })
})

describe('the other ways in', () => {
  it('offers one click in a lab alone', async () => {
    const user = browser()
    await user.post('/api/auth/callback/lab-role', { role: 'admin' }).catch(() => null)
    expect(await user.session()).toBeNull()
    environmentKind = 'lab'
    for (const role of roles) {
      await user.post('/api/auth/callback/lab-role', { role })
      expect(await user.session()).toMatchObject({ person: { role } })
    }
  })

  it('tells the page a code when a password is wrong, and signs nobody in', async () => {
    const user = browser()
    const answer = await user.post('/api/auth/callback/password', { login: 'nobody', password: 'wrong' })
    expect(answer.searchParams.get('error')).toBe('invalid')
    expect(await user.session()).toBeNull()
  })

  it('refuses a form without the token against forged forms', async () => {
    environmentKind = 'lab'
    const user = browser()
    await user.go(`${warRoom.url}/api/auth/callback/lab-role`, { role: 'admin', json: 'true' })
    expect(await user.session()).toBeNull()
  })

  it('ends the session in the store on signing out, so that a kept cookie is worth nothing', async () => {
    environmentKind = 'lab'
    const user = browser()
    await user.post('/api/auth/callback/lab-role', { role: 'viewer' })
    const kept = await sessionToken(user.cookie(sessionCookie(warRoom.url)), secret)
    expect(await user.session()).not.toBeNull()
    await user.post('/api/auth/signout', {})
    expect(kept && (await sessionReader(database().store, Date.now).confirm(kept))).toBeNull()
  })
})
