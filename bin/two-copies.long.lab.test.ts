/*
 * Two runners and two webs on one store, as production runs them, each its own process: one runner leads and the other
 * takes over within its lease; both webs follow whoever leads; a session ended through one web is refused by the other; and
 * a store that stops answering takes nothing from live health; and whatever people ask for, as fast as they can, takes no
 * session from the watch over the cluster and no lease from a run. The cluster is the lab's, the store a PostgreSQL of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { encode } from 'next-auth/jwt'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { registerRooms } from '../lab/rooms'
import { startTestLab, type TestLab } from '../lab/testing'
import { declare } from '../lib/commands/incident/declare'
import { approve } from '../lib/commands/run/decide'
import { startRun } from '../lib/commands/run/start-run'
import { retryStep } from '../lib/commands/run/steer'
import { signedIn } from '../lib/commands/testing/signed-in'
import { labEnvironment, labRunnerSecrets, labStamp, readLabConnection } from '../lib/config/lab-environment'
import { rates } from '../lib/domain/admission'
import { usualSessionsPerNode } from '../lib/domain/cluster/sessions'
import { continueTree, isAlive, stopTree } from '../lib/embedded-postgres/processes'
import { readRun } from '../lib/store/run'
import { startTestStore } from '../lib/store/testing/database'
import { addAccount, addSession } from '../lib/store/testing/people'
import { sessionCookie } from '../lib/web/cookies'
import { build } from './starting/prepare.mjs'

const root = join(import.meta.dirname, '..')
const feedSecret = randomBytes(32).toString('hex')
const sessionSecret = randomBytes(32).toString('hex')
const snapshotAnswer = z.object({
  feed: z.boolean(),
  snapshot: z
    .object({
      seq: z.number(),
      epoch: z.number(),
      takenAt: z.number(),
      collector: z.string(),
      store: z.object({ ok: z.boolean(), since: z.number() }),
      lastHeartbeatAt: z.number().nullable(),
    })
    .nullable(),
})
type Seen = NonNullable<z.infer<typeof snapshotAnswer>['snapshot']>

interface Program {
  child: ChildProcess
  url: string
  output: () => string
}

let files = ''
let testLab: TestLab
let store: Awaited<ReturnType<typeof startTestStore>>
let runners: Program[] = []
let webs: Program[] = []
let accountId = ''

function launch(program: string, url: string, env: Record<string, string | undefined>): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, program)], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-6000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return { child, url, output: () => output }
}

// Programs start, take over and answer as fast as the machine lets them; what never happens ends a test late, a program that ends at once.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 500_000 })
/** Two runners on a machine that does other things as well: what is looked at is who takes a lease, not how the machine is. */
const leaseMs = 5_000
const killed = new Set<Program>()

/** Asks again until it is so; the reason of the last refusal stands in the failure. */
async function until<T>(what: string, ask: () => Promise<T | null>, limitMs = 200_000): Promise<T> {
  const deadline = Date.now() + limitMs
  let why: unknown = 'not so yet'
  for (;;) {
    const over = [...runners, ...webs].filter((one) => !killed.has(one) && hasEnded(one))
    if (over.length > 0) throw new Error(`${what}: ${over.map(({ url, output }) => `${url} has ended: ${output()}`)}`)
    try {
      const answer = await ask()
      if (answer !== null) return answer
    } catch (error) {
      why = error
    }
    if (Date.now() > deadline) {
      const said = [...runners, ...webs].map((p) => `${p.url}\n${p.output().slice(-1500)}`).join('\n')
      throw new Error(`${what}: ${why}\n${said}`)
    }
    await new Promise((done) => setTimeout(done, 50))
  }
}

const hasEnded = ({ child }: Program) => child.exitCode !== null || child.signalCode !== null

const health = z.object({ leader: z.boolean(), epoch: z.number(), runner: z.string() })
async function leadership(of: Program) {
  const response = await fetch(`${of.url}/health`, { signal: AbortSignal.timeout(3000) })
  return health.parse(await response.json())
}
async function leaders(among: Program[]) {
  const all = await Promise.all(among.map(async (program) => ({ program, ...(await leadership(program)) })))
  return all.filter((one) => one.leader)
}

/** A sign-in that stands in the store, and the cookie that a browser would hold for it. */
async function signIn(account = accountId): Promise<{ cookie: string }> {
  const token = randomBytes(32).toString('hex')
  await addSession(store.owner, { token, accountId: account })
  const sealed = await encode({ token: { session: token }, secret: sessionSecret })
  return { cookie: `${sessionCookie('http://127.0.0.1')}=${sealed}` }
}

async function ask(web: Program, cookie: string) {
  return await fetch(`${web.url}/api/snapshot`, { headers: { cookie }, signal: AbortSignal.timeout(60_000) })
}
async function picture(web: Program, cookie: string): Promise<Seen | null> {
  const response = await ask(web, cookie)
  if (!response.ok) throw new Error(`${web.url} answered ${response.status}`)
  return snapshotAnswer.parse(await response.json()).snapshot
}

beforeAll(async () => {
  if (!existsSync(join(root, '.next/BUILD_ID'))) await build()
  files = mkdtempSync(join(tmpdir(), 'wr-two-'))
  const [lab, own] = await Promise.all([
    startTestLab({ basePort: 25_100, register: registerRooms }),
    startTestStore({ environments: [labStamp] }),
  ])
  testLab = lab
  store = own
  const connection = readLabConnection(lab.lab.context.dataDir)
  const config = join(files, 'environment.json')
  writeFileSync(config, JSON.stringify(labEnvironment(connection, { lab: lab.lab.context.ports })))
  const account = await addAccount(own.owner, { login: 'robin@example.org', name: 'Robin Doe', role: 'viewer' })
  accountId = account.id

  const ports = { host: '127.0.0.1', port: Array.from({ length: 90 }, (_, i) => 25_400 + i) }
  const urls: string[] = []
  for (let i = 0; i < 4; i += 1) urls.push(`http://127.0.0.1:${await getPort({ ...ports, exclude: taken(urls) })}`)
  const [one = '', two = '', three = '', four = ''] = urls
  const shared = { WARROOM_FEED_SECRET: feedSecret, WARROOM_CONFIG: config }
  runners = [one, two].map((url, i) =>
    launch('bin/runner.ts', url, {
      ...shared,
      DATABASE_URL: own.runnerUrl,
      RUNNER_PORT: new URL(url).port,
      WARROOM_DATA: join(files, `runner-${i}`),
      RUNNER_LEASE_MS: String(leaseMs),
      ...labRunnerSecrets(connection),
    }),
  )
  webs = [three, four].map((url) =>
    launch('bin/web.ts', url, {
      ...shared,
      DATABASE_URL: own.webUrl,
      PORT: new URL(url).port,
      NEXTAUTH_URL: url,
      NEXTAUTH_SECRET: sessionSecret,
      RUNNER_URLS: `${one},${two}`,
    }),
  )
  for (const web of webs)
    await until('a web serves', async () => ((await fetch(`${web.url}/api/health`)).ok ? true : null))
})

const taken = (urls: string[]) => urls.map((url) => Number(new URL(url).port))

afterAll(async () => {
  const mine = [...webs, ...runners].map(({ child }) => child).filter((child) => child.exitCode === null && child.pid)
  await Promise.all(
    mine.map(async (child) => {
      if (child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }),
  )
  await Promise.allSettled([testLab?.end(), store?.stop()])
  rmSync(files, { recursive: true, force: true })
})

test('one of two runners leads, and both webs show its pictures', async () => {
  const { cookie } = await signIn()
  await until('one runner leads, and both webs show its pictures', async () => {
    const leading = await leaders(runners)
    const [lead] = leading
    const seen = await Promise.all(webs.map((web) => picture(web, cookie)))
    // On a busy machine the turn may pass on while one looks.
    return leading.length === 1 && seen.every((one) => one?.collector === lead?.runner && one?.epoch === lead?.epoch)
      ? lead
      : null
  })
})

test('a session ended through one web is refused by the other at once', async () => {
  const [one, other] = webs
  if (!one || !other) throw new Error('there are not two webs')
  const { cookie } = await signIn()
  for (const web of webs) expect((await ask(web, cookie)).status).toBe(200)
  const offered = await fetch(`${one.url}/api/auth/csrf`)
  const { csrfToken } = z.object({ csrfToken: z.string() }).parse(await offered.json())
  const csrf = offered.headers.getSetCookie().map((set) => set.split(';')[0])
  const ended = await fetch(`${one.url}/api/auth/signout`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: [cookie, ...csrf].join('; '), origin: one.url },
    body: new URLSearchParams({ csrfToken, json: 'true' }),
  })
  expect(ended.status).toBeLessThan(400)
  // The cookie is as good as it was; the row it names is not.
  expect((await ask(other, cookie)).status).toBe(401)
  expect((await ask(one, cookie)).status).toBe(401)
})

test('while the store is stopped live health goes on in both webs and says so, and comes back without a restart', async () => {
  const { cookie } = await signIn()
  for (const web of webs) expect((await ask(web, cookie)).status).toBe(200)
  const postmaster = await postmasterOf(store.ownerUrl)
  const pids = [...runners, ...webs].map(({ child }) => child.pid)
  stopTree(postmaster)
  try {
    for (const web of webs) {
      const without = await until('the store is missed', async () => {
        const seen = await picture(web, cookie)
        return seen && !seen.store.ok ? seen : null
      })
      const later = await until('beats and pictures go on without the store', async () => {
        const seen = await picture(web, cookie)
        return seen && seen.seq > without.seq && (seen.lastHeartbeatAt ?? 0) > without.store.since ? seen : null
      })
      expect(later.epoch).toBe(without.epoch)
    }
  } finally {
    continueTree(postmaster)
  }
  for (const web of webs)
    await until('the store is back', async () => ((await picture(web, cookie))?.store.ok ? true : null))
  expect([...runners, ...webs].map(({ child }) => child.pid)).toEqual(pids)
  for (const pid of pids) expect(pid !== undefined && isAlive(pid)).toBe(true)
})

/** Most sessions of ours that each node had at any look, by its address, until `stop`. */
function watchSessions(addresses: { host: string; port: number }[], login: { user: string; password: string }) {
  const most = new Map<string, number>()
  let going = true
  const looked = addresses.map(async ({ host, port }) => {
    let client: pg.Client | null = null
    while (going) {
      try {
        if (!client) {
          client = new pg.Client({
            host,
            port,
            ...login,
            database: 'castmatch_production',
            connectionTimeoutMillis: 1000,
            query_timeout: 2000,
          })
          client.on('error', () => {})
          await client.connect()
        }
        const { rows } = await client.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'castmatch-warroom%'`,
        )
        most.set(host, Math.max(most.get(host) ?? 0, rows[0]?.n ?? 0))
      } catch {
        // A node that fails over restarts; its sessions are gone with it.
        await client?.end().catch(() => {})
        client = null
      }
      await new Promise((done) => setTimeout(done, 30))
    }
    await client?.end().catch(() => {})
  })
  return {
    async stop() {
      going = false
      await Promise.all(looked)
      return most
    },
  }
}

test('people ask for everything at full speed: no node sees more sessions than its budget, and a run under way keeps its lease', async () => {
  const [web, other] = webs
  if (!web || !other) throw new Error('there are not two webs')
  const connection = readLabConnection(testLab.lab.context.dataDir)
  const environment = labEnvironment(connection, { lab: testLab.lab.context.ports })
  const people = await Promise.all(
    (['viewer', 'responder', 'approver', 'commander'] as const).map((role) =>
      signedIn(store, { login: role, role }, labStamp),
    ),
  )
  const [, responder, approver] = people
  if (!responder || !approver) throw new Error('nobody is there')
  const cookies = await Promise.all(people.map(async ({ person }) => (await signIn(person.id)).cookie))
  await until('one runner leads', async () => (await leaders(runners))[0] ?? null)
  const nodes = await until('the nodes are known', async () => {
    const answer = await ask(web, cookies[0] ?? '')
    const { snapshot } = (await answer.json()) as {
      snapshot: { nodes: { address: { host: string; port: number } | null }[] } | null
    }
    const addresses = snapshot?.nodes.flatMap(({ address }) => address ?? []) ?? []
    return addresses.length === 4 ? addresses : null
  })
  const incident = await declare(responder, {
    title: 'A flood',
    kind: 'drill',
    severity: 'SEV3',
    scenario: 'S1',
    symptoms: [],
    impactStartedAt: Date.now(),
    commanderId: null,
  })

  let going = true
  const answered: Record<string, number> = {}
  const always = async (what: string, request: (i: number) => Promise<unknown>) => {
    for (let i = 0; going; i++) {
      const status = await request(i).catch(() => 'no answer')
      answered[`${what} ${status}`] = (answered[`${what} ${status}`] ?? 0) + 1
    }
  }
  const get = async (path: string, i: number) => {
    const response = await fetch(`${(i % 2 ? web : other).url}${path}`, {
      headers: { cookie: cookies[i % cookies.length] ?? '' },
      signal: AbortSignal.timeout(60_000),
    })
    await response.arrayBuffer()
    return response.status
  }
  const inputs = (i: number) => ({ target: 'castmatch-prod-replica-1', waitForAutomaticSeconds: i % 50 })
  const preflight = async (i: number) => {
    const response = await fetch(`${web.url}/api/preflights`, {
      method: 'POST',
      // One viewer, from as many tabs as there are loops.
      headers: { cookie: cookies[0] ?? '', origin: web.url, 'content-type': 'application/json' },
      body: JSON.stringify({ slug: 'primary-failover', mode: 'dry-run', inputs: inputs(i) }),
    })
    const answer = (await response.json()) as { ok: boolean; error?: { code: string } }
    return answer.ok ? 'taken' : answer.error?.code
  }
  const dryRun = async (i: number) =>
    await startRun(
      responder,
      environment,
      { slug: 'primary-failover', mode: 'dry-run', reason: 'As many as there may be', inputs: inputs(i) },
      null,
    ).then(
      () => 'started',
      (error: { code?: string }) => error.code,
    )
  const live = new AbortController()
  const streams = Array.from({ length: 40 }, (_, i) =>
    fetch(`${web.url}/api/live`, { headers: { cookie: cookies[i % cookies.length] ?? '' }, signal: live.signal })
      .then((response) => response.body?.pipeTo(new WritableStream()))
      .catch(() => {}),
  )
  const sessions = watchSessions(nodes, { user: connection.masterUser, password: connection.secrets.adminPassword })
  const turns = new Set<string>()
  const flood = [
    ...[0, 1, 2, 3, 4].map(() => always('preflight', preflight)),
    always('dry run', dryRun),
    ...['md', 'json', 'pdf'].map((format) =>
      always(format, (i) => get(`/api/export/${incident.number}?format=${format}`, i)),
    ),
    always('snapshot', (i) => get('/api/snapshot', i)),
    always('lease', async () => {
      const { rows } = await store.runner.pool.query<{ turn: string }>(
        `SELECT holder || ' ' || epoch || CASE WHEN expires_at > clock_timestamp() THEN '' ELSE ' lapsed' END AS turn
         FROM lease WHERE name = 'collector:lab'`,
      )
      turns.add(rows[0]?.turn ?? 'none')
      await new Promise((done) => setTimeout(done, 50))
      return 'seen'
    }),
  ]

  const rehearse = async () => {
    const { id } = await startRun(
      responder,
      environment,
      {
        slug: 'primary-failover',
        mode: 'drill',
        reason: 'A run in the middle of a flood',
        inputs: { target: 'castmatch-prod-replica-1', waitForAutomaticSeconds: 0 },
      },
      null,
    )
    return await until('the run is over', async () => {
      const run = await readRun(store.web, id)
      const open = run.approvals.findLast((one) => one.state === 'open')
      if (open && run.state === 'waiting')
        await approve(approver, { runId: id, approvalId: open.id, digest: open.digest, typed: open.typeToConfirm })
      // A look that took too long on a busy machine is repeated by a person; the lease and the sessions are what is tested.
      if (run.state === 'needs-person' && run.currentStepId)
        await retryStep(responder, { runId: id, stepId: run.currentStepId })
      return run.state === 'done' ? run : null
    })
  }
  const { over, most } = await (async () => {
    try {
      return { over: await rehearse(), most: await sessions.stop() }
    } finally {
      going = false
      live.abort()
      await sessions.stop()
      await Promise.all([...flood, ...streams])
    }
  })()

  expect([...turns], 'one runner had the lease all the time').toHaveLength(1)
  expect(new Set(over.effects.map(({ epoch }) => epoch)).size).toBe(1)
  for (const [host, n] of most) expect(n, `sessions at ${host}`).toBeLessThanOrEqual(usualSessionsPerNode / 2)
  expect(most.size).toBe(4)
  // The flood was one: as much was taken as one person may ask, and the rest was told to wait.
  const said = JSON.stringify(answered)
  for (const [what, least] of [
    ['preflight taken', rates.preflight.burst],
    ['preflight too-many-attempts', 10],
    ['dry run too-many-attempts', 10],
    ['json 200', 1],
    ['snapshot 200', 20],
  ] as const)
    expect(answered[what] ?? 0, `${what} in ${said}`).toBeGreaterThanOrEqual(least)
})

test('the leading runner is killed: the other leads under a higher epoch, and both webs go on with its pictures', async () => {
  const { cookie } = await signIn()
  const first = await until('one runner leads', async () => (await leaders(runners))[0] ?? null)
  const other = runners.find((runner) => runner !== first.program)
  if (!other) throw new Error('there is no second runner')
  killed.add(first.program)
  first.program.child.kill('SIGKILL')
  const next = await until('the other runner leads', async () => (await leaders([other]))[0] ?? null)
  expect(next.epoch).toBeGreaterThan(first.epoch)
  for (const web of webs) {
    const seen = await until('the web follows', async () => {
      const now = await picture(web, cookie)
      return now?.collector === next.runner ? now : null
    })
    expect(seen.epoch).toBe(next.epoch)
    await until('its pictures go on', async () => ((await picture(web, cookie))?.seq ?? 0) > seen.seq || null)
  }
})

/** The postmaster that serves this address, found from a session of ours, which is its child. */
async function postmasterOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    return parentOf(rows[0]?.pid ?? 0)
  } finally {
    await client.end()
  }
}

function parentOf(pid: number): number {
  const parent = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^PPid:\s+(\d+)/m)?.[1]
  if (!parent) throw new Error(`the parent of ${pid} is not known`)
  return Number(parent)
}
