// One container of a pod of castmatch-api: commits one numbered row after another through DATABASE_HOST. A number is used once: when
// the answer never came, nobody knows whether it was committed, so the next attempt takes the next number. Plain
// JavaScript, so that it starts at once and holds little memory.
import pg from 'pg'

const {
  WRITER: worker = 'pod',
  ONCE: once = '',
  DATABASE_HOST: hostAndPort = '',
  DATABASE_PORT: defaultPort = '5432',
  DATABASE_NAME: database = '',
  DATABASE_USER: user = '',
  DATABASE_PASSWORD: password = '',
  WRITES_PER_SECOND: rate = '5',
} = process.env
const everyMs = 1000 / Number(rate)
const limitMs = 1000
const [host, port = defaultPort] = hostAndPort.split(':')

let client = null
let n = 0
let failures = 0
let failingSince = 0
let ready = null
let ending = false
let reported = 0

const log = (level, text) => process.send?.({ type: 'log', line: `${new Date().toISOString()} ${level} ${text}` })

function setReady(value, reason) {
  if (ready === value) return
  ready = value
  process.send?.({ type: 'ready', ready, reason })
  log(value ? 'INFO' : 'ERROR', value ? 'ready: writes succeed' : `not ready: ${reason}`)
}

async function connected() {
  if (client) return client
  const fresh = new pg.Client({
    host,
    port: Number(port),
    database,
    user,
    password,
    application_name: worker,
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
    keepAlive: true,
  })
  fresh.on('error', () => {
    if (client === fresh) client = null
  })
  try {
    await fresh.connect()
  } catch (error) {
    fresh.end().catch(() => {})
    throw error
  }
  client = fresh
  log('INFO', `connected to ${host}:${port}/${database}`)
  return client
}

function drop() {
  const old = client
  client = null
  // The socket may be half open: a polite farewell would wait for ever.
  old?.connection?.stream?.destroy()
}

async function write() {
  const started = performance.now()
  n += 1
  const number = n
  try {
    const session = await connected()
    const answer = await session.query('INSERT INTO commits (worker, n) VALUES ($1, $2)', [worker, number])
    if (answer.rowCount !== 1) throw new Error('the row was not written')
    const ms = performance.now() - started
    process.send?.({ type: 'acknowledged', n: number, at: Date.now(), ms })
    failures = 0
    failingSince = 0
    setReady(true, '')
    // An init container has done its work.
    if (once) ending = true
    if (Date.now() - reported > 10_000) {
      reported = Date.now()
      log('INFO', `commit ${number} acknowledged in ${ms.toFixed(1)} ms`)
    }
  } catch (error) {
    drop()
    failures += 1
    failingSince ||= Date.now()
    const reason = `${error.code ? `${error.code} ` : ''}${error.message || 'connection failed'}`
    process.send?.({ type: 'failed', n: number, at: Date.now(), ms: performance.now() - started, reason })
    if (failures === 1 || failures % 10 === 0) log('ERROR', `commit ${number} failed: ${reason}`)
    if (failures >= 2 || Date.now() - failingSince >= 1000) setReady(false, reason)
  }
}

async function end() {
  if (ending) return
  ending = true
  log('INFO', 'stopping')
  // Lets the write that is under way finish, so that a rollout by itself loses and fails nothing.
  setTimeout(() => process.exit(0), limitMs + 200).unref()
}

process.on('SIGTERM', end)
process.on('SIGINT', () => {})
// The lab is gone, perhaps by kill -9: a pod does not outlive it.
process.on('disconnect', () => process.exit(0))

log('INFO', `castmatch-api starting, database ${host}:${port}/${database} as ${user}`)
while (!ending) {
  const started = Date.now()
  await write()
  await new Promise((done) => setTimeout(done, Math.max(5, everyMs - (Date.now() - started))))
}
process.disconnect?.()
process.exit(0)
