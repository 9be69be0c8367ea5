import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
let files = ''
beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), 'wr-configuration-'))
})
afterAll(() => rmSync(files, { recursive: true, force: true }))

/** Runs a program of ours with nothing in its environment but what is given, to its end. */
function run(program: string, given: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, program)], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...given } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  return new Promise((done) => child.once('close', (code) => done({ code, said })))
}

describe.each([
  { program: 'bin/web.ts', own: ['NEXTAUTH_URL', 'NEXTAUTH_SECRET', 'RUNNER_URLS'] },
  { program: 'bin/runner.ts', own: [] },
])('$program', { timeout: 60_000 }, ({ program, own }) => {
  it('with nothing set, prints everything that is missing and ends as wrongly configured', async () => {
    const { code, said } = await run(program, {})
    expect(code).toBe(78)
    for (const name of ['DATABASE_URL', 'WARROOM_FEED_SECRET', 'WARROOM_CONFIG', ...own])
      expect(said).toContain(`  - ${name} is missing`)
  })

  it('names what is wrong in the environment file together with what is wrong outside of it, and no secret', async () => {
    const config = join(files, 'environment.json')
    writeFileSync(config, JSON.stringify({ name: 'prod', kind: 'moon' }))
    const { code, said } = await run(program, {
      WARROOM_CONFIG: config,
      DATABASE_URL: 'mysql://somebody:a-password-of-theirs@db/x',
      WARROOM_FEED_SECRET: 'too short',
      WARROOM_REVIEW_ZONE: 'Mars/Olympus',
    })
    expect(code).toBe(78)
    expect(said).toContain('DATABASE_URL: a postgresql:// address of our own store')
    expect(said).toContain('WARROOM_FEED_SECRET: at least 32 characters')
    if (own.length > 0) expect(said).toContain('WARROOM_REVIEW_ZONE: the name of a time zone such as')
    for (const part of ['kind', 'aws', 'database']) expect(said).toContain(`${config}: ${part}`)
    expect(said).not.toContain('a-password-of-theirs')
    expect(said).not.toContain('too short')
  })

  it('refuses a lab that would touch another machine, with all that is far in one list', async () => {
    const config = join(files, 'lab.json')
    writeFileSync(
      config,
      JSON.stringify({
        name: 'lab',
        kind: 'lab',
        aws: { accountId: '000000000000', region: 'r', drRegion: 'd', clusterId: 'cluster' },
        database: { name: 'd', user: 'u', passwordVariable: 'DB_PASSWORD', applicationRoles: ['app'] },
        kubernetes: null,
        poolers: [],
        metrics: { url: 'https://prometheus.example' },
      }),
    )
    const { code, said } = await run(program, {
      WARROOM_CONFIG: config,
      DATABASE_URL: 'postgresql://u:a-password-of-theirs@db.example/x',
      DB_PASSWORD: 'x',
      WARROOM_FEED_SECRET: 'x'.repeat(32),
      NEXTAUTH_SECRET: 'x'.repeat(32),
      NEXTAUTH_URL: 'http://localhost:3000',
      RUNNER_URLS: 'http://127.0.0.1:1',
    })
    expect(code).toBe(78)
    for (const far of ['aws.endpointUrl', 'metrics.url: prometheus.example', 'DATABASE_URL: db.example'])
      expect(said).toContain(`  - ${far}`)
    expect(said).not.toContain('a-password-of-theirs')
  })
})
