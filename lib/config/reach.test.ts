// A configuration that would let a lab touch the real world, or send production's passwords and records over a plain wire. Each
// place that a program goes to or listens at, in each kind of environment, near and far, with TLS and without: refused at
// the start where it must be, by its name, and all of them in one list.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentKinds } from '../domain/environment'
import { readRunnerEnv, readWebEnv } from './env'
import { ConfigError } from './environment'
import { isLoopback, placeOfStore } from './reach'

type Kind = (typeof environmentKinds)[number]
const secret = 'x'.repeat(32)
let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wr-reach-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Settings by dotted names in the environment file, and variables of the process in capitals. */
type Settings = Record<string, string | null>

/** What each kind needs to start: everything near, and with TLS where production asks for it. */
const sound: Record<Kind, Settings> = {
  lab: { 'aws.endpointUrl': 'http://127.0.0.1:1', 'database.tls': 'disable' },
  staging: {},
  production: {},
}
const integrations = {
  pagerduty: { url: 'https://127.0.0.1:1', routingKeyVariable: 'SECRET' },
  slack: { url: 'https://127.0.0.1:1', tokenVariable: 'SECRET', channel: '#x' },
  statusPage: { url: 'https://127.0.0.1:1', tokenVariable: 'SECRET' },
}

function problems(program: 'web' | 'runner', kind: Kind, more: Settings): string[] {
  const file: Record<string, unknown> = {
    aws: { accountId: '000000000000', region: 'r', drRegion: 'd', clusterId: 'cluster' },
    database: { name: 'd', user: 'u', passwordVariable: 'SECRET', applicationRoles: ['app'] },
    poolers: [{ name: 'p', host: '127.0.0.1', port: 1, database: 'd', user: 'u', passwordVariable: 'SECRET' }],
    metrics: { url: 'http://127.0.0.1:1' },
    integrations: structuredClone(integrations),
  }
  const variables: NodeJS.ProcessEnv = {
    NODE_ENV: 'test',
    SECRET: 'a-password-of-theirs',
    DATABASE_URL: 'postgresql://u:a-password-of-theirs@127.0.0.1/d',
    WARROOM_FEED_SECRET: secret,
    WARROOM_CONFIG: join(dir, 'environment.json'),
    NEXTAUTH_SECRET: secret,
    NEXTAUTH_URL: 'http://localhost:3000',
    RUNNER_URLS: 'http://127.0.0.1:3001',
  }
  for (const [name, value] of Object.entries({ ...sound[kind], ...more })) {
    const path = name.split('.')
    if (path.length === 1) {
      if (value !== null) variables[name] = value
      continue
    }
    let at: Record<string, unknown> = file
    for (const part of path.slice(0, -1)) at = at[part] as Record<string, unknown>
    const last = path.at(-1) ?? ''
    if (value === null) delete at[last]
    else at[last] = value
  }
  writeFileSync(variables.WARROOM_CONFIG ?? '', JSON.stringify({ name: 'here', kind, kubernetes: null, ...file }))
  try {
    if (program === 'web') readWebEnv(variables)
    else readRunnerEnv(variables)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

/** Each place: who goes there, and how it is set near or far, plain or with TLS. */
const places: { what: string; who: ('web' | 'runner')[]; set(host: string, tls: boolean): Settings }[] = [
  ...[
    'aws.endpointUrl',
    'metrics.url',
    'integrations.pagerduty.url',
    'integrations.slack.url',
    'integrations.statusPage.url',
  ].map((what) => ({
    what,
    who: ['web', 'runner'] as ('web' | 'runner')[],
    set: (host: string, tls: boolean) => ({ [what]: `${tls ? 'https' : 'http'}://${host}:8443` }),
  })),
  {
    what: 'poolers.0.host',
    who: ['web', 'runner'],
    set: (host, tls) => ({ 'poolers.0.host': host, 'poolers.0.tls': tls ? 'verify-full' : 'disable' }),
  },
  {
    what: 'DATABASE_URL',
    who: ['web', 'runner'],
    set: (host, tls) => ({
      DATABASE_URL: `postgresql://u:a-password-of-theirs@${host}/d${tls ? '?sslmode=verify-full' : ''}`,
    }),
  },
  ...['NEXTAUTH_URL', 'RUNNER_URLS', 'OIDC_ISSUER'].map((what) => ({
    what,
    who: ['web'] as ('web' | 'runner')[],
    set: (host: string, tls: boolean) => ({
      [what]: `${tls ? 'https' : 'http'}://${host}`,
      OIDC_CLIENT_ID: 'x',
      OIDC_CLIENT_SECRET: 'x',
      OIDC_ALLOWED_GROUPS: 'x',
    }),
  })),
  ...['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_RDS', 'AWS_ENDPOINT_URL_STS'].map((what) => ({
    what,
    who: ['runner'] as ('web' | 'runner')[],
    set: (host: string, tls: boolean) => ({ [what]: `${tls ? 'https' : 'http'}://${host}` }),
  })),
  {
    what: 'RUNNER_HOST',
    who: ['runner'],
    set: (host, tls) => ({ RUNNER_HOST: host, ...(tls && { RUNNER_TLS_CERT: '/cert', RUNNER_TLS_KEY: '/key' }) }),
  },
]
const combinations = places.flatMap(({ what, who, set }) =>
  who.flatMap((program) =>
    environmentKinds.flatMap((kind) =>
      (['127.0.0.1', 'elsewhere.example'] as const).flatMap((host) =>
        [true, false].map((tls) => ({ what, program, kind, host, tls, set })),
      ),
    ),
  ),
)

describe.each(environmentKinds)('%s', (kind) => {
  test('starts with everything sound', () => {
    expect(problems('web', kind, {})).toEqual([])
    expect(problems('runner', kind, {})).toEqual([])
  })

  test.each(combinations.filter((one) => one.kind === kind))(
    '$program: $what at $host, TLS $tls',
    ({ what, program, host, tls, set }) => {
      const found = problems(program, kind, set(host, tls))
      const near = host === '127.0.0.1'
      const refused = !near && (kind === 'lab' || (kind === 'production' && !tls))
      expect(found.filter((problem) => problem.startsWith(`${what}:`))).toHaveLength(refused ? 1 : 0)
      expect(found).toHaveLength(refused ? 1 : 0)
      expect(found.join()).not.toContain('a-password-of-theirs')
    },
  )
})

test('production is refused where the guarded database is reached without TLS', () => {
  for (const program of ['web', 'runner'] as const) {
    expect(problems(program, 'production', { 'database.tls': 'disable' })).toEqual([
      'database.tls: production is refused without TLS; use verify-full',
    ])
    expect(problems(program, 'staging', { 'database.tls': 'disable' })).toEqual([])
  }
})

test('a lab is refused without APIs of its own, at which point AWS itself would be asked', () => {
  for (const program of ['web', 'runner'] as const)
    expect(problems(program, 'lab', { 'aws.endpointUrl': null })).toEqual([
      expect.stringMatching(/^aws\.endpointUrl is missing: without it/),
    ])
})

test('a lab’s pages are not served to other machines', () => {
  expect(problems('web', 'lab', { WEB_HOST: '0.0.0.0' })).toEqual([expect.stringContaining('WEB_HOST: 0.0.0.0')])
  expect(problems('web', 'lab', { LAB_URL: 'http://10.0.0.1' })).toEqual([expect.stringContaining('LAB_URL: 10.0.0.1')])
  expect(problems('web', 'production', { WEB_HOST: '0.0.0.0' }), 'a proxy ends TLS in front').toEqual([])
})

test('all that is wrong stands in one list', () => {
  const far = Object.assign({}, ...places.map(({ set }) => set('elsewhere.example', false))) as Settings
  for (const kind of ['lab', 'production'] as const)
    for (const program of ['web', 'runner'] as const) {
      const said = problems(program, kind, far).join('\n')
      for (const { what, who } of places) if (who.includes(program)) expect(said).toContain(`${what}:`)
    }
})

test('a certificate without its key is refused, and the other way round', () => {
  for (const one of ['RUNNER_TLS_CERT', 'RUNNER_TLS_KEY'])
    expect(problems('runner', 'staging', { [one]: '/x' })).toEqual([
      'RUNNER_TLS_CERT and RUNNER_TLS_KEY must be set together',
    ])
})

test.each([
  ...['127.0.0.1', '127.9.9.9', '[::1]', '::1', '::ffff:127.0.0.1', 'localhost', 'LOCALHOST', 'a.localhost', ''].map(
    (host) => [host, true] as const,
  ),
  ...[
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    '1127.0.0.1',
    '127.0.0.1.example.com',
    'localhost.example.com',
    'notlocalhost',
    '::ffff:10.0.0.1',
    'fe80::1',
  ].map((host) => [host, false] as const),
])('%j is this machine: %s', (host, near) => {
  expect(isLoopback(host)).toBe(near)
})

test.each([
  ['postgresql://u:p@db.example/d', 'db.example', false],
  ['postgresql://u:p@db.example/d?sslmode=verify-full', 'db.example', true],
  ['postgresql://u:p@db.example/d?sslmode=disable', 'db.example', false],
  ['postgresql://u:p@db.example/d?sslmode=no-verify', 'db.example', false],
  ['postgresql://u:p@db.example/d?sslmode=prefer&uselibpqcompat=true', 'db.example', false],
  ['postgresql://u:p@127.0.0.1/d?host=db.example', 'db.example', false],
  ['postgresql:///d?host=/var/run/postgresql', '', false],
])('the driver goes by %s to %j, checking who answers: %s', (url, host, encrypted) => {
  expect(placeOfStore('DATABASE_URL', url)).toEqual({ what: 'DATABASE_URL', host, encrypted })
})
