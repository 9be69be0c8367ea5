/** The web process: pages, server actions and the live feed to browsers. Holds no cloud or cluster credentials. */
import { createServer } from 'node:http'
import next from 'next'
import { readWebEnv } from '../lib/config/env'
import { clientAddress } from '../lib/domain/people/guessing'
import { createStore } from '../lib/store/client'
import { addressHeader } from '../lib/web/address'
import { sessionCookie, sessionToken } from '../lib/web/cookies'
import { hubKey } from '../lib/web/hub-key'
import { LiveHub } from '../lib/web/live-hub'
import { LiveStreams } from '../lib/web/live-stream'
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
const hub = new LiveHub(env.RUNNER_URLS, env.WARROOM_FEED_SECRET)
Object.assign(globalThis, { [hubKey]: hub })
const sessions = sessionReader(store, Date.now)
const cookieName = `${sessionCookie(env.NEXTAUTH_URL)}=`
const live = new LiveStreams({
  hub,
  async look(cookies) {
    const cookie = cookies.split('; ').find((one) => one.startsWith(cookieName))
    const token = await sessionToken(cookie?.slice(cookieName.length), env.NEXTAUTH_SECRET)
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
  const path = request.url?.split('?', 1)[0]
  const answered = path === '/api/live' ? live.serve(request, response) : handle(request, response)
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
