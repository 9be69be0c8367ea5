/*
 * Secrets that the programs hold, and what the guarded application's sessions say to their database, are searched for in all
 * that the product gives away or keeps: logs, pages, APIs, feeds, exports, the whole store. Runs after the other specs, so that
 * what they did is searched too.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import { Client } from 'pg'
import { Visitor } from '../bench/visitor'
import { sessionToken } from '../lib/web/cookies'
import { processOf } from './lab'
import { quiet } from './recovery'
import { test } from './test'
import { built } from './wire/built'
import { routes } from './wire/endpoints'
import { act, ask, each, port, site } from './wire/http'
import { asOwner, secrets } from './wire/people'

/** What stands in a file under /proc of one of the product's programs. */
const proc = (pid: number, file: 'environ' | 'cmdline'): string[] =>
  readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').filter(Boolean)

/** Every secret in the environment of a program, by the variable's name; of addresses the password in them. */
function secretsOf(pid: number): [name: string, value: string][] {
  return proc(pid, 'environ').flatMap((line): [string, string][] => {
    const [name = '', value = ''] = line.split(/=(.*)/s)
    if (/^[a-z]+:\/\/[^/]*:[^/]*@/.test(value)) return [[name, decodeURIComponent(new URL(value).password)]]
    return /SECRET|PASSWORD|TOKEN|ROUTING_KEY|CREDENTIAL/.test(name) && value.length >= 12 ? [[name, value]] : []
  })
}

/** Everything below a program's process id, itself included. */
function family(root: number): number[] {
  const parents = readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      return [[Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const]
    } catch {
      return [] // ended meanwhile
    }
  })
  const own = new Set([root])
  for (let before = 0; before !== own.size; ) {
    before = own.size
    for (const [pid, parent] of parents) if (own.has(parent)) own.add(pid)
  }
  return [...own]
}

/** A session of the application on the lab's writer. */
async function session(): Promise<Client> {
  const { writerEndpoint, masterUser, database, secrets } = JSON.parse(
    readFileSync(join(process.env.E2E_DATA ?? '', 'lab/connection.json'), 'utf8'),
  ) as {
    writerEndpoint: { host: string; port: number }
    masterUser: string
    database: string
    secrets: { adminPassword: string }
  }
  const client = new Client({
    ...writerEndpoint,
    user: masterUser,
    database,
    password: secrets.adminPassword,
    application_name: 'castmatch-api',
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** All rows of all tables of the store, each as one text, by table. */
const storeTexts = () =>
  asOwner(async (owner) => {
    const { rows: tables } = await owner.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`,
    )
    const texts: [where: string, text: string][] = []
    for (const { name } of tables) {
      const { rows } = await owner.query<{ row: string }>(`SELECT t::text AS row FROM "${name}" t`)
      texts.push([`table ${name}`, rows.map(({ row }) => row).join('\n')])
    }
    return texts
  })

test.beforeEach(({ browser }) => quiet(browser))

test('secrets and the application’s SQL are written nowhere', async () => {
  test.setTimeout(180_000)
  const admin = await new Visitor(site).signIn('admin')
  const { cookie } = admin
  const canary = `canary${randomBytes(6).toString('hex')}`
  const planted: [name: string, value: string][] = []

  // Sessions of the application that wait for each other, with data of a customer in what they say.
  const [holder, waiter, broken] = [await session(), await session(), await session()]
  try {
    await holder.query(`SELECT pg_advisory_lock(4711), '${canary}-held'`)
    // Ends with its connection, and nobody waits for its answer.
    waiter.query(`/* ${canary}-comment */ SELECT pg_advisory_lock(4711), '${canary}-waits'`).catch(() => {})
    await broken.query(`${canary} '${canary}-broken'`).catch(() => {})
    interface Seen {
      snapshot: { blocking: { value: { application: string; statement: string | null }[] | null } } | null
    }
    let snapshot = ''
    await expect
      .poll(
        async () => {
          snapshot = (await ask('/api/snapshot', { headers: { cookie } })).body
          const { value } = (JSON.parse(snapshot) as Seen).snapshot?.blocking ?? { value: null }
          return value?.filter(({ application }) => application === 'castmatch-api').length
        },
        { timeout: 40_000 },
      )
      .toBe(2)
    planted.push(['SQL of the application', canary])

    // A password and a wall link, which exist only for those who were given them.
    const password = `Pass-${randomBytes(12).toString('hex')}`
    const actions = new Map(built().actions.map((action) => [action.name, action]))
    const run = async (name: string, input: unknown) => {
      const action = actions.get(name)
      if (!action) throw new Error(`${name} is not built`)
      const answer = await act(action, input, { cookie })
      expect(answer.result, name).toMatchObject({ ok: true })
      return answer.body
    }
    await run('settings/actions.ts addPerson', {
      login: `secret-${canary}`.slice(0, 12),
      name: 'Robin',
      role: 'viewer',
      password,
    })
    planted.push(['a password', password])
    const made = await run('incidents/actions.ts wallLinkAction', { label: 'Room of this test', days: 1 })
    planted.push(['the token of a wall link', /#link=([\w-]{43})/.exec(made)?.[1] ?? ''])
    planted.push([
      'the token of a session',
      (await sessionToken(/session-token=([^;]+)/.exec(cookie)?.[1], secrets().sessionSecret)) ?? '',
    ])

    // What the programs hold.
    const pids = { lab: processOf('lab'), runner: processOf('runner'), web: processOf('web') }
    for (const [program, pid] of [
      ['runner', pids.runner],
      ['web', pids.web],
    ] as const)
      for (const [name, value] of secretsOf(pid)) planted.push([`${program} ${name}`, value])
    planted.push(['the store owner’s password', secrets().storeAdminPassword])
    const names = planted.map(([name]) => name)
    expect(names.length).toBeGreaterThan(12)
    for (const one of [
      /^runner DATABASE_URL/,
      /^runner .*PAGERDUTY/,
      /^runner .*SLACK/,
      /^web .*FEED_SECRET/,
      /^web NEXTAUTH/,
    ])
      expect(
        names.filter((name) => one.test(name)),
        `${one}`,
      ).toHaveLength(1)
    for (const [name, value] of planted) expect(value.length, name).toBeGreaterThanOrEqual(12)

    // What is given away.
    const texts: [where: string, text: string][] = [['/api/snapshot', snapshot]]
    const numbers = (
      await asOwner(async (owner) => (await owner.query('SELECT number FROM incident ORDER BY number')).rows)
    ).map(({ number }) => String(number))
    const runs = (await asOwner(async (owner) => (await owner.query('SELECT id FROM run')).rows)).map(({ id }) =>
      String(id),
    )
    const own = built()
    const paths = [
      ...own.pages,
      ...Object.keys(routes).filter((route) => routes[route]?.GET && route !== '/api/live'),
    ].flatMap((path) => {
      const ids = path.startsWith('/api/runs/') || path.startsWith('/runs/') ? runs.slice(-2) : numbers.slice(-2)
      const filled = (id: string) =>
        path
          .replace('[...nextauth]', 'session')
          .replace('[slug]', 'primary-failover')
          .replace('[section]', 'summary')
          .replaceAll(/\[[^\]]+\]/g, id)
      return path.includes('[') ? [...new Set((ids.length > 0 ? ids : ['1']).map(filled))] : [path]
    })
    for (const number of numbers.slice(-3))
      paths.push(
        `/api/export/${number}?format=json`,
        `/api/export/${number}?format=md`,
        `/api/incidents/${number}/timeline?scope=everything&limit=500`,
      )
    texts.push(
      ...(await each(
        paths,
        async (path) => [path, (await ask(path, { headers: { cookie } })).body] as [string, string],
        4,
      )),
    )
    const streamed = async (url: string, headers: Record<string, string>) => {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(3_000) })
      let text = ''
      const decoder = new TextDecoder()
      await (async () => {
        for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true })
      })().catch(() => {})
      expect(text, url).toContain('event: snapshot')
      return text
    }
    texts.push(['/api/live', await streamed(`${site}/api/live`, { cookie, 'last-event-id': '0' })])
    const authorization = `Bearer ${secrets().feedSecret}`
    texts.push(['the runner’s feed', await streamed(`http://127.0.0.1:${port + 1}/feed`, { authorization })])

    // What is kept.
    const logs = join(process.env.E2E_DATA ?? '', 'logs')
    for (const file of readdirSync(logs)) texts.push([`log ${file}`, readFileSync(join(logs, file), 'utf8')])
    texts.push(...(await storeTexts()))
    for (const pid of [...family(pids.runner), ...family(pids.web), ...family(pids.lab)])
      texts.push([`arguments of ${pid}`, proc(pid, 'cmdline').join(' ')])

    // The search can find: what is no secret is where it should be.
    const has = (where: RegExp, what: string | RegExp) =>
      expect(
        texts.filter(([name, text]) => where.test(name) && text.search(what) >= 0).length,
        `${where}`,
      ).toBeGreaterThan(0)
    has(/^\/api\/snapshot/, '"statement":"SELECT"')
    has(/^log runner/, 'the internal feed is open')
    has(/^table record_entry/, 'wall.link-created')
    has(/^\/settings$/, 'Settings')
    has(/^\/api\/export/, /INC-\d+/)
    has(/^arguments/, 'bin/runner.ts')

    const found = texts.flatMap(([where, text]) =>
      planted.flatMap(([name, value]) => (text.includes(value) ? [`${name} is in ${where}`] : [])),
    )
    expect(found).toEqual([])
  } finally {
    await Promise.all([holder, waiter, broken].map((client) => client.end().catch(() => {})))
  }
})
