/** The web process: pages, server actions and the live feed to browsers. Holds no cloud or cluster credentials. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import next from 'next'
import { readWebEnv } from '../lib/config/env'
import { clientAddress } from '../lib/domain/people/guessing'
import { createStore } from '../lib/store/client'
import { addressHeader } from '../lib/web/address'
import { buildId } from '../lib/web/build'
import { cookieValue, sessionCookie, sessionToken } from '../lib/web/cookies'
import { hubKey } from '../lib/web/hub-key'
import { LiveHub } from '../lib/web/live-hub'
import { LiveStreams } from '../lib/web/live-stream'
import { type FirstReading, readingKey, zoneCookie, zoneFrom } from '../lib/web/present/first-reading'
import { addressHasControls, askedPath, pathHeader, policyHeaders, securityHeaders } from '../lib/web/security-headers'
import { sessionReader } from '../lib/web/session-reader'
import { endWithParent, exitOnConfigError, onStop } from './starting/process'
import { whenStamped } from './starting/stamped'

const env = exitOnConfigError(() => readWebEnv())
const dev = process.argv.includes('--dev')
const hostname = env.WEB_HOST

// The store of another environment is none of ours. One that is away is asked again while the board is served.
const store = createStore(env.DATABASE_URL, { connections: 2 })
await Promise.race([whenStamped(store, env.environment), new Promise((resolve) => setTimeout(resolve, 2_000))])

const app = next({ dev, dir: process.cwd(), hostname, port: env.PORT })
await app.prepare()
const handle = app.getRequestHandler()

// The pages read from the same hub; it stands before the first of them is asked for.
const hub = new LiveHub(env.RUNNER_URLS, env.WARROOM_FEED_SECRET, buildId())
Object.assign(globalThis, { [hubKey]: hub })
const readings = new AsyncLocalStorage<FirstReading>()
Object.assign(globalThis, { [readingKey]: readings })
const sessions = sessionReader(store, Date.now)
const cookieName = sessionCookie(env.NEXTAUTH_URL)
const live = new LiveStreams({
  hub,
  async look(cookies) {
    const token = await sessionToken(cookieValue(cookies, cookieName), env.NEXTAUTH_SECRET)
    return token === null ? null : sessions.look(token)
  },
  standing: (ids) => sessions.standing(ids),
  onError: (error) => console.error(JSON.stringify({ level: 'error', msg: 'live feed', error: String(error) })),
})

const server = createServer((request, response) => {
  const forwarded = request.headers['x-forwarded-for']
  // Overwritten, so that nobody can say it for himself: limits on guessing count by it.
  request.headers[addressHeader] = clientAddress(
    request.socket.remoteAddress,
    String(forwarded ?? ''),
    env.WARROOM_PROXIES,
  )
  // Ours too, whatever the client sent: which page was asked for, and the policy from which Next takes its nonce.
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  const guards = securityHeaders({ site: env.NEXTAUTH_URL, path, nonce: randomBytes(16).toString('base64'), dev })
  request.headers[pathHeader] = askedPath(request.url ?? '/')
  for (const name of policyHeaders) delete request.headers[name]
  request.headers['content-security-policy'] = guards['content-security-policy']
  for (const [name, value] of Object.entries(guards)) response.setHeader(name, value)
  if (addressHasControls(request.url ?? '')) {
    response.writeHead(400, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    return response.end(JSON.stringify({ error: 'This address contains a control character.' }))
  }
  const zone = zoneFrom(cookieValue(request.headers.cookie ?? null, zoneCookie))
  const answered =
    path === '/api/live'
      ? live.serve(request, response)
      : readings.run({ at: Date.now(), zone }, () => handle(request, response))
  answered.catch((error: unknown) => {
    console.error(JSON.stringify({ level: 'error', msg: 'request failed', error: String(error) }))
    if (!response.headersSent) response.writeHead(500)
    response.end()
  })
})
// Live streams stay open for hours; only a request that never finishes its own sending is cut.
server.requestTimeout = 30_000
server.keepAliveTimeout = 65_000
server.on('error', (error: NodeJS.ErrnoException) => {
  console.error(
    error.code === 'EADDRINUSE'
      ? `Port ${env.PORT} is in use by another program; set PORT to a free one.`
      : error.message,
  )
  process.exit(1)
})
server.listen(env.PORT, hostname, () =>
  console.log(JSON.stringify({ ready: true, web: `http://${hostname}:${env.PORT}` })),
)

onStop(async () => {
  live.close()
  server.close()
  server.closeAllConnections()
})
endWithParent()
