/** The web process: pages, server actions and the live feed to browsers. Holds no cloud or cluster credentials. */
import { createServer } from 'node:http'
import next from 'next'
import { readWebEnv } from '../lib/config/env'
import { clientAddress } from '../lib/domain/people/guessing'
import { addressHeader } from '../lib/web/address'
import { endWithParent, exitOnConfigError, onStop } from './starting/process'

const env = exitOnConfigError(() => readWebEnv())
const dev = process.argv.includes('--dev')
const hostname = process.env.WEB_HOST ?? '127.0.0.1'

const app = next({ dev, dir: process.cwd(), hostname, port: env.PORT })
await app.prepare()
const handle = app.getRequestHandler()
const server = createServer((request, response) => {
  const forwarded = request.headers['x-forwarded-for']
  // Overwritten, so that nobody can say it for himself: limits on guessing count by it.
  request.headers[addressHeader] = clientAddress(
    request.socket.remoteAddress,
    String(forwarded ?? ''),
    env.WARROOM_PROXIES,
  )
  handle(request, response).catch((error: unknown) => {
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
  server.close()
  server.closeAllConnections()
})
endWithParent()
