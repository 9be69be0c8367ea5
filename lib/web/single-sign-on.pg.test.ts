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
import { connectIdentity } from '../commands/people/connect-identity'
import { signedIn } from '../commands/testing/signed-in'
import { roles } from '../domain/people/permissions'
import { databasePerTest } from '../store/testing/database'
import { addAccount } from '../store/testing/people'
import { testSecret } from '../store/testing/postgres'
import { proverOf } from '../store/web-proof'
import { authOptions } from './auth-options'
import { sessionCookie, sessionToken } from './cookies'
import { sessionReader } from './session-reader'
import type { SingleSignOnEnv } from './single-sign-on'

const database = databasePerTest()
const secret = 'a secret of this test, long enough to be one'
const clientSecret = 'the secret that the provider and the War Room share'
let provider: { url: string; close(): Promise<void> } | undefined
let warRoom: { url: string; close(): Promise<void> }
let emailVerified: boolean | undefined = true
/** The ID token names nobody but the subject; all else is in the user info. With `address`, the address is in both. */
let thin: boolean | 'address' = false
/** How long the discovery document takes, ms. */
let discoveryMs = 0
let groups: string[] | undefined
let over: Partial<SingleSignOnEnv> = {}
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
  thin = false
  discoveryMs = 0
  groups = undefined
  over = {}
  environmentKind = 'production'
  const outer = createServer()
  warRoom = await listen(outer)
  await serveProvider()
  outer.on('request', (request, response) => void serveAuth(request, response))
})

async function serveProvider(): Promise<void> {
  await provider?.close()
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
    claims: {
      openid: thin === 'address' ? ['sub', 'email', 'email_verified'] : ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    scopes: ['openid', 'email', 'profile', 'groups'],
    conformIdTokenClaims: thin !== false,
    cookies: { keys: ['one key of this test'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        email: `${id}@example.org`,
        email_verified: emailVerified,
        name: 'Robin Doe',
        groups,
      }),
    }),
  })
  const answer = oidc.callback()
  inner.on('request', (request, response) => {
    const waits = request.url?.endsWith('/.well-known/openid-configuration') ? discoveryMs : 0
    setTimeout(() => void answer(request, response), waits)
  })
}
afterEach(async () => {
  await warRoom.close()
  await provider?.close()
  provider = undefined
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
  const session = await sessionToken(cookies.get(sessionCookie(warRoom.url)), secret)
  const options = authOptions(
    {
      NEXTAUTH_SECRET: secret,
      OIDC_ISSUER: provider?.url,
      OIDC_CLIENT_ID: 'warroom',
      OIDC_CLIENT_SECRET: clientSecret,
      OIDC_NAME: 'Example',
      OIDC_ALLOWED_DOMAINS: ['example.org'],
      OIDC_ALLOWED_GROUPS: [],
      OIDC_GROUPS_CLAIM: 'groups',
      OIDC_SCOPE: 'openid email profile',
      OIDC_ADDRESSES: 'verified',
      ...over,
      environment: { kind: environmentKind },
    },
    {
      store: database().web,
      prove: proverOf(testSecret),
      address: '10.0.0.1',
      userAgent: 'test',
      now: Date.now,
      session,
    },
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
    /** Whoever comes next is new to the provider. */
    leaveProvider: () => jars.delete(new URL(provider?.url ?? '').host),
    async post(path: string, fields: Record<string, string>): Promise<URL> {
      const response = await go(`${warRoom.url}${path}`, { ...fields, csrfToken: await csrf(), json: 'true' })
      return new URL(((await response.json()) as { url: string }).url)
    },
    async session() {
      const token = await sessionToken(jar(warRoom.url).get(sessionCookie(warRoom.url)), secret)
      return token === null ? null : await sessionReader(database().web, Date.now).confirm(token)
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

const startOidc = (user: ReturnType<typeof browser>, ask = '') =>
  user.post(`/api/auth/signin/oidc${ask}`, { callbackUrl: '/' })
/** All the way in as `login`; answers the code of the error, or null. */
async function enter(login: string, user = browser(), ask = ''): Promise<string | null> {
  const back = await throughProvider(user, await startOidc(user, ask), login)
  return back.searchParams.get('error')
}

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
    await addAccount(database().owner, { login: 'robin@example.org', name: 'Robin', role: 'commander' })
    const user = browser()
    await throughProvider(user, await startOidc(user), 'robin')
    expect(await user.session()).toMatchObject({ person: { role: 'commander' } })
  })

  it('gives no account away to an address that the provider did not verify', async () => {
    emailVerified = false
    await addAccount(database().owner, { login: 'robin@example.org', name: 'Robin', role: 'admin' })
    const user = browser()
    const back = await throughProvider(user, await startOidc(user), 'robin')
    expect(back.pathname + back.search).toBe('/sign-in?error=not-allowed')
    expect(await user.session()).toBeNull()
  })

  it('makes no account of an address that the provider did not verify, nor of a subject that is somebody’s address', async () => {
    emailVerified = false
    over = { OIDC_ALLOWED_GROUPS: ['sre'] }
    groups = ['sre']
    const user = browser()
    expect(await enter('robin', user)).toBe('not-allowed')
    expect(await enter('sasha@example.org', browser())).toBe('not-allowed')
    expect(await user.session()).toBeNull()
    expect(await database().web.prisma.account.count()).toBe(0)
    const { rows } = await database().web.pool.query(
      "SELECT body::jsonb->'evidence'->>'subject' AS subject FROM record_entry WHERE kind = 'person.sign-on-refused' ORDER BY n",
    )
    expect(rows.map(({ subject }) => subject)).toEqual(['robin', 'sasha@example.org'])
  })

  it('lets nobody in whose domain is not on the list, also when they were before', async () => {
    expect(await enter('robin')).toBeNull()
    over = { OIDC_ALLOWED_DOMAINS: ['example.com'] }
    expect(await enter('robin')).toBe('not-allowed')
  })

  it('lets in by group, and out of it no more', async () => {
    over = { OIDC_ALLOWED_DOMAINS: [], OIDC_ALLOWED_GROUPS: ['sre'], OIDC_SCOPE: 'openid email profile groups' }
    expect(await enter('robin')).toBe('not-allowed')
    groups = ['sales', 'sre']
    expect(await enter('robin')).toBeNull()
    groups = ['sales']
    expect(await enter('robin')).toBe('not-allowed')
  })

  it('believes addresses of a provider that verifies all of them, when told so', async () => {
    emailVerified = undefined
    expect(await enter('robin')).toBe('not-allowed')
    over = { OIDC_ADDRESSES: 'always' }
    const user = browser()
    expect(await enter('robin', user)).toBeNull()
    expect(await user.session()).toMatchObject({ person: { login: 'robin@example.org' } })
  })

  it('lets in whom an admin connected, without a verified address and whatever the list says', async () => {
    emailVerified = false
    over = { OIDC_ALLOWED_DOMAINS: ['example.com'] }
    const account = await addAccount(database().owner, { login: 'robin', name: 'Robin', role: 'approver' })
    const admin = await signedIn(database(), { login: 'sasha', role: 'admin' }, { name: 'x', kind: 'production' })
    await connectIdentity(admin, provider?.url ?? '', {
      accountId: account?.id ?? '',
      subject: 'robin-at-the-provider',
    })
    const user = browser()
    expect(await enter('robin-at-the-provider', user)).toBeNull()
    expect(await user.session()).toMatchObject({ person: { login: 'robin', role: 'approver' } })
  })

  describe('confirms who somebody is', () => {
    const confirm = '?prompt=login&max_age=0'
    const authenticatedAt = async () =>
      (await database().web.prisma.session.findFirstOrThrow({ orderBy: { createdAt: 'asc' } })).authenticatedAt
    const age = () => database().owner.prisma.session.updateMany({ data: { authenticatedAt: null } })

    it('in the same session, by when they proved it to the provider', async () => {
      const user = browser()
      await enter('robin', user)
      const before = await user.session()
      await age()
      // Signing in once more is no proof by itself: the provider lets pass whoever it knows, and does not say since when.
      expect(await enter('robin', user)).toBe('not-allowed')
      expect(await authenticatedAt()).toBeNull()
      expect(await enter('robin', user, confirm)).toBeNull()
      expect((await user.session())?.id).toBe(before?.id)
      expect(Date.now() - ((await authenticatedAt())?.getTime() ?? 0)).toBeLessThan(60_000)
      expect(await database().web.prisma.session.count()).toBe(1)
    })

    it('and not as somebody else, who does not come in by that either', async () => {
      const user = browser()
      await enter('robin', user)
      await age()
      user.leaveProvider()
      expect(await enter('mallory', user, confirm)).toBe('conflict')
      expect(await authenticatedAt()).toBeNull()
      expect(await user.session()).toMatchObject({ person: { login: 'robin@example.org' } })
      expect(await database().web.prisma.account.count()).toBe(1)
    })

    it('right at the first sign-in only when the provider says when that was', async () => {
      await enter('robin')
      expect(await authenticatedAt()).toBeNull()
    })
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
    if (!answer) throw new Error('The provider did not respond.')
    const response = await victim.go((answer as URL).href)
    expect(response.headers.get('location')).toContain('error=')
    expect(await victim.session()).toBeNull()
  })
})

describe('single sign-on whose ID token is thin', () => {
  it('reads the name from the user info where the token has the address alone', async () => {
    thin = 'address'
    await serveProvider()
    const user = browser()
    expect(await enter('robin', user)).toBeNull()
    expect(await user.session()).toMatchObject({ person: { login: 'robin@example.org', name: 'Robin Doe' } })
  })

  it('reads the address and the groups from the user info', async () => {
    over = { OIDC_ALLOWED_GROUPS: ['sre'], OIDC_ALLOWED_DOMAINS: [], OIDC_SCOPE: 'openid email profile groups' }
    groups = ['sre']
    thin = true
    await serveProvider()
    const user = browser()
    expect(await enter('robin', user)).toBeNull()
    expect(await user.session()).toMatchObject({ person: { login: 'robin@example.org', name: 'Robin Doe' } })
  })
})

describe('single sign-on by a provider that takes its time', () => {
  it('waits for a discovery document that takes 4 s', async () => {
    discoveryMs = 4_000
    const user = browser()
    expect(await enter('robin', user)).toBeNull()
    expect(await user.session()).toMatchObject({ person: { login: 'robin@example.org' } })
  })
})

describe('the other ways in', () => {
  // One click is for a store that is for a lab alone.
  beforeEach(() => database().owner.pool.query(`DELETE FROM environment WHERE kind <> 'lab'`))
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

  it('tells the page that a login cannot be one, and counts nothing', async () => {
    const answer = await browser().post('/api/auth/callback/password', { login: 'ro\u0000bin', password: 'any' })
    expect(answer.searchParams.get('error')).toBe('invalid-login')
    expect((await database().owner.pool.query('SELECT * FROM sign_in_limit')).rows).toEqual([])
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
    expect(kept && (await sessionReader(database().web, Date.now).confirm(kept))).toBeNull()
  })
})
