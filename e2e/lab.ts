import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import { Client } from 'pg'
import { Visitor } from '../bench/visitor'
import { createStore } from '../lib/store/client'
import { runnerRole } from '../lib/store/grants'
import { roleUrl } from '../lib/store/prepare'
import { appendOutput } from '../lib/store/run-output'
import { built } from './wire/built'
import { act, site } from './wire/http'
import { asOwner } from './wire/people'

interface Address {
  host: string
  port: number
}
interface Connection {
  url: string
  token: string
  writerEndpoint: Address
  database: string
  masterUser: string
  poolers: { host: string; port: number; user: string; password: string }[]
  secrets: { adminPassword: string }
}

function connection(): Connection {
  const data = process.env.E2E_DATA
  if (!data) throw new Error('the product was not started by e2e/setup.ts')
  return JSON.parse(readFileSync(join(data, 'lab/connection.json'), 'utf8')) as Connection
}

/** Asks the guarded database as its owner would, or a copy of it at its address. */
export async function sql<T extends object>(text: string, at?: Address): Promise<T[]> {
  const { writerEndpoint, database, masterUser, secrets } = connection()
  const client = new Client({ ...(at ?? writerEndpoint), database, user: masterUser, password: secrets.adminPassword })
  await client.connect()
  try {
    return (await client.query<T>(text)).rows
  } finally {
    await client.end()
  }
}

/** Resumes what a run that was stopped half-way has left paused, as an operator would. */
export async function resumePoolers(): Promise<void> {
  for (const { host, port, user, password } of connection().poolers) {
    const console_ = new Client({ host, port, user, password, database: 'pgbouncer' })
    await console_.connect()
    try {
      const { rows } = await console_.query<{ name: string; paused: number }>('SHOW DATABASES')
      for (const { name } of rows.filter(({ paused }) => Number(paused) > 0)) await console_.query(`RESUME ${name}`)
    } finally {
      await console_.end()
    }
  }
}

/** The lab's control API, as `npm run lab` uses it. */
export async function lab(path: string, body?: unknown): Promise<unknown> {
  const { url, token } = connection()
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-lab-token': token, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Process id of one of the product's programs, as `npm start` wrote it down. */
export function processOf(name: 'lab' | 'runner' | 'web'): number {
  const file = join(process.env.E2E_DATA ?? '', 'running.json')
  const { children } = JSON.parse(readFileSync(file, 'utf8')) as { children: Record<string, number> }
  const pid = children[name]
  if (!pid) throw new Error(`${name} is not running`)
  return pid
}

/** The product's own store, as its runner has it. */
async function withStore<T>(work: (store: ReturnType<typeof createStore>) => Promise<T>): Promise<T> {
  const secrets = JSON.parse(readFileSync(join(process.env.E2E_DATA ?? '', 'secrets.json'), 'utf8')) as {
    storeRunnerPassword: string
  }
  const port = Number(process.env.E2E_PORT ?? 23_000) + 2
  const store = createStore(roleUrl(`postgresql://127.0.0.1:${port}/warroom`, runnerRole, secrets.storeRunnerPassword))
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Adds lines to a run's output, as its runner would. */
export const tellLines = (runId: string, count: number): Promise<void> =>
  withStore(async (store) => {
    for (let n = 0; n < count; n += 10_000)
      await appendOutput(
        store,
        runId,
        Array.from({ length: 10_000 }, (_, i) => ({ stepId: null, kind: 'says', text: `line ${n + i + 1}` })),
      )
  })

/** Ten minutes pass for what is asked in a run now. */
export const expireRequests = (runId: string): Promise<void> =>
  asOwner(async (owner) => {
    await owner.query(
      `UPDATE approval SET expires_at = expires_at - interval '10 minutes' WHERE run_id = $1 AND state = 'open'`,
      [runId],
    )
  })

/** Asks every run that is under way to stop, as a commander would, and waits until none is left: the next test begins alone. */
export async function stopRuns(): Promise<void> {
  const commander = await new Visitor(site).signIn('commander')
  const underWay = () =>
    asOwner(async (owner) => {
      const { rows } = await owner.query<{ id: string }>(
        `SELECT id FROM run WHERE state NOT IN ('done', 'stopped', 'aborted')`,
      )
      return rows.map(({ id }) => id)
    })
  const stop = built().actions.find(({ name }) => name === 'runs/[id]/actions.ts stopAction')
  if (!stop) throw new Error('stopAction is not built')
  for (const runId of await underWay())
    await act(stop, { runId, reason: 'The test that began it has ended.' }, { cookie: commander.cookie })
  await expect.poll(underWay, { timeout: 30_000 }).toEqual([])
}

/** Failovers that took effect, by the lab's own log of calls. */
export async function failoversAsked(): Promise<number> {
  const log = (await lab('/lab/log')) as
    | { entries?: { operation: string; effective: boolean }[] }
    | { operation: string; effective: boolean }[]
  const entries = Array.isArray(log) ? log : (log.entries ?? [])
  return entries.filter((entry) => entry.operation === 'FailoverDBCluster' && entry.effective).length
}
