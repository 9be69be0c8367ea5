import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { isAlive } from '../lib/embedded-postgres/processes'
import { portsFrom } from './ports'
import { freeBase } from './testing'

const root = join(import.meta.dirname, '..')
const plans = [
  'castmatch-prod-primary',
  'castmatch-prod-replica-1',
  'castmatch-prod-replica-2',
  'castmatch-xregion-replica',
]
let dataDir = ''
let base = 0
let program: ChildProcess | null = null

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'wr-program-'))
  base = await freeBase(21_400)
})
afterAll(() => {
  program?.kill('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
})

function run(file: string, args: string[] = [], port = base): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(root, file), ...args], {
    cwd: root,
    env: { ...process.env, WARROOM_DATA: dataDir, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function start(): Promise<void> {
  const child = run('bin/lab.ts')
  program = child
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  if (!child.stdout) throw new Error('no output')
  for await (const line of createInterface({ input: child.stdout })) {
    expect(z.object({ ready: z.literal(true) }).safeParse(JSON.parse(line)).success).toBe(true)
    return
  }
  throw new Error(`the lab ended: ${complaint}`)
}

async function control(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = run('bin/lab-control.ts', args)
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, out, err }
}

function serverPids(): number[] {
  return plans.map((id) =>
    Number(readFileSync(join(dataDir, 'lab', 'postgres', id, 'postmaster.pid'), 'utf8').split('\n')[0]),
  )
}

async function gone(pids: number[], withinMs: number): Promise<number[]> {
  const deadline = Date.now() + withinMs
  while (pids.some(isAlive) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50))
  return pids.filter(isAlive)
}

it('starts, is broken and healed from the command line, and keeps its secrets to its owner', async () => {
  await start()
  for (const name of ['token', 'connection.json', 'env', 'pgpass', 'secrets.json'])
    expect(statSync(join(dataDir, 'lab', name)).mode & 0o777).toBe(0o600)
  const { lab } = portsFrom(base)
  expect((await fetch(`http://127.0.0.1:${lab.http}/lab/status`)).status).toBe(401)
  expect((await fetch(`http://127.0.0.1:${lab.http}/lab/health`)).status).toBe(200)

  expect((await control('fault', 'freeze-writer')).out).toMatch(/Freeze the writer \(castmatch-prod-primary\): active/)
  expect((await control('status')).out).toMatch(/castmatch-prod-primary +writer +available +frozen/)
  expect((await control('heal')).out).toMatch(/No active faults/)
  const unknown = await control('fault', 'earthquake')
  expect(unknown.code).toBe(1)
  expect(unknown.err).toMatch(/There is no fault "earthquake"/)
})

it.each([
  ['ports', 0],
  ['data', 40],
])('a second lab over the same %s is refused with one sentence and harms nothing', async (_what, offset) => {
  const child = run('bin/lab.ts', [], base + offset)
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(1)
  expect(complaint.trim()).toMatch(
    /^The lab did not start: [^\n]*(another program uses the port|already runs over)[^\n]*\.$/,
  )
  expect(serverPids().every(isAlive)).toBe(true)
})

it('leaves no server behind when it is killed, frozen ones included, and starts again over the same data', async () => {
  expect((await control('fault', 'freeze-writer')).code).toBe(0)
  const pids = serverPids()
  expect(pids.every(isAlive)).toBe(true)
  program?.kill('SIGKILL')
  expect(await gone(pids, 10_000)).toEqual([])
  await start()
  expect((await control('status')).out).toMatch(/castmatch-prod-primary +writer +available +running/)
})

it('ends its servers when it is asked to end', async () => {
  const pids = serverPids()
  const child = program
  if (!child) throw new Error('not running')
  const closed = once(child, 'exit')
  child.kill('SIGTERM')
  await closed
  expect(child.exitCode).toBe(0)
  expect(await gone(pids, 1000)).toEqual([])
})
