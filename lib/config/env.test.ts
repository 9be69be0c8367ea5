import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EnrolledPasskey } from '../domain/people/passkey'
import { enrolmentLine, readEnrolmentFile, readEnrolmentLine, writeEnrolmentFile } from './enrolment'
import { readRunnerEnv, readWebEnv } from './env'
import { approvalSite, ConfigError } from './environment'

let files = ''
beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), 'wr-env-'))
})
afterAll(() => rmSync(files, { recursive: true, force: true }))

const example = join(import.meta.dirname, '../../docs/deployment/environment.example.json')
/** The example's environment file, changed. */
function config(over: object): string {
  const path = join(files, `environment-${Math.abs(JSON.stringify(over).length)}-${Object.keys(over).join('-')}.json`)
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(example, 'utf8')), ...over }))
  return path
}
const shared = { DATABASE_URL: 'postgresql://u:p@localhost/d', WARROOM_FEED_SECRET: 'x'.repeat(32) }
const web = (over: Record<string, string> = {}, path = config({ passkeys: null })) => ({
  ...shared,
  NODE_ENV: 'production' as const,
  WARROOM_CONFIG: path,
  NEXTAUTH_URL: 'https://warroom.example',
  NEXTAUTH_SECRET: 'y'.repeat(32),
  RUNNER_URLS: 'http://localhost:1',
  ...over,
})
const problems = (read: () => unknown): string[] => {
  try {
    read()
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}
const oidc = { OIDC_ISSUER: 'https://id.example.org', OIDC_CLIENT_ID: 'a', OIDC_CLIENT_SECRET: 'b' }

describe('single sign-on', () => {
  test('needs a list of whom it lets in', () => {
    expect(problems(() => readWebEnv(web(oidc)))).toEqual([
      'OIDC_ISSUER needs OIDC_ALLOWED_DOMAINS or OIDC_ALLOWED_GROUPS: who is allowed to sign in',
    ])
    expect(problems(() => readWebEnv(web({ ...oidc, OIDC_ALLOWED_GROUPS: 'sre' })))).toEqual([])
    expect(problems(() => readWebEnv(web({ ...oidc, OIDC_ALLOWED_DOMAINS: ' , ' })))).toHaveLength(1)
    expect(problems(() => readWebEnv(web()))).toEqual([])
  })

  test('reads lists, and trusts no address that the provider does not vouch for unless told', () => {
    const env = readWebEnv(web({ ...oidc, OIDC_ALLOWED_DOMAINS: 'Example.org, @example.com,' }))
    expect(env).toMatchObject({
      OIDC_ALLOWED_DOMAINS: ['example.org', 'example.com'],
      OIDC_ALLOWED_GROUPS: [],
      OIDC_ADDRESSES: 'verified',
      OIDC_GROUPS_CLAIM: 'groups',
    })
    expect(problems(() => readWebEnv(web({ ...oidc, OIDC_ALLOWED_GROUPS: 'sre', OIDC_ADDRESSES: 'all' })))).toEqual([
      'OIDC_ADDRESSES: verified or always',
    ])
  })
})

describe('passkeys', () => {
  const enrolmentFile = () => join(files, 'passkeys.json')
  const passkeys = (origin = 'https://warroom.example') => ({ origin, enrolmentFile: enrolmentFile() })
  const policy = { approvals: 'passkey' }

  test('are for the address at which the web is opened', () => {
    const path = config({ passkeys: passkeys('https://other.example') })
    expect(problems(() => readWebEnv(web({}, path)))).toEqual([
      'NEXTAUTH_URL has the origin https://warroom.example, and passkeys.origin is https://other.example',
    ])
  })

  test('are set up wherever approvals take one', () => {
    const path = config({ passkeys: null, policy })
    expect(problems(() => readWebEnv(web({}, path)))).toEqual([
      `${path}: policy.approvals: 'passkey' needs passkeys (origin and enrolmentFile)`,
    ])
    const env = readWebEnv(web({}, config({ passkeys: passkeys(), policy })))
    expect(approvalSite(env.environment)).toEqual({ origin: 'https://warroom.example', rpId: 'warroom.example' })
    expect(approvalSite(readWebEnv(web()).environment)).toBeNull()
  })

  test('without a list that can be read, no runner starts', () => {
    const path = config({ passkeys: { ...passkeys(), enrolmentFile: join(files, 'none.json') } })
    const listed = problems(() => readRunnerEnv({ ...shared, NODE_ENV: 'production', WARROOM_CONFIG: path }))
    expect(listed.filter((one) => one.startsWith('passkeys.enrolmentFile'))).toEqual([
      expect.stringContaining('none.json cannot be read as JSON'),
    ])
  })
})

describe('the list of enrolled passkeys', () => {
  const entry = (n: string, over: Partial<EnrolledPasskey> = {}): EnrolledPasskey => ({
    credentialId: `credential-of-${n}-000`,
    publicKey: `public-key-of-${n}-0000`,
    accountId: '00000000-0000-4000-8000-000000000001',
    login: `${n}@example.org`,
    addedAt: '2026-06-01T00:00:00.000Z',
    ...over,
  })
  const path = () => join(files, 'list.json')

  test('is written whole, for its owner alone, and read back', () => {
    writeEnrolmentFile(path(), [entry('a'), entry('b')])
    expect(readEnrolmentFile(path())).toEqual([entry('a'), entry('b')])
    expect(statSync(path()).mode & 0o777).toBe(0o600)
  })

  test.each([
    [
      'a key under two names',
      [entry('a'), entry('b', { publicKey: entry('a').publicKey })],
      'public key is on the list twice',
    ],
    [
      'a passkey for two people',
      [entry('a'), entry('b', { credentialId: entry('a').credentialId })],
      'passkey is on the list twice',
    ],
    ['an entry without a person', [{ ...entry('a'), accountId: undefined }], 'passkeys.0.accountId'],
  ])('is not read with %s', (_what, passkeys, says) => {
    writeFileSync(path(), JSON.stringify({ passkeys }))
    expect(() => readEnrolmentFile(path())).toThrow(says)
  })

  test('takes a line of Settings, and no other word', () => {
    const { addedAt: _addedAt, ...line } = entry('a')
    expect(readEnrolmentLine(enrolmentLine(line))).toEqual(line)
    expect(readEnrolmentLine('list')).toBeNull()
    expect(readEnrolmentLine(Buffer.from('{"login":"a"}').toString('base64url'))).toBeNull()
  })
})

describe('the poolers', () => {
  const one = { name: 'a', host: 'a.internal', port: 6432, database: 'd', user: 'u', passwordVariable: 'A_PASSWORD' }
  const said = (over: object) => problems(() => readWebEnv(web({}, config({ passkeys: null, ...over })))).join('\n')

  test('are a list with a name and an address for each', () => {
    expect(said({ poolers: [one, { ...one, name: 'b', host: 'b.internal' }] })).toBe('')
    expect(said({ poolers: [] })).toBe('')
    expect(said({ poolers: [one, { ...one, host: 'b.internal' }] })).toContain('another pooler is called a')
    expect(said({ poolers: [one, { ...one, name: 'b' }] })).toContain('a.internal:6432 is the address of a')
    expect(said({ poolers: undefined })).toContain('one entry for each PgBouncer process')
  })

  test.each([one, null])('in the form of one alone are refused with what to write', (pooler) => {
    expect(said({ pooler })).toContain('write poolers, a list with one entry and a name for each PgBouncer process')
  })

  test('each name the variable of their password', () => {
    const runner = { ...shared, RUNNER_HOST: '127.0.0.1', WARROOM_CONFIG: config({ poolers: [one], passkeys: null }) }
    expect(problems(() => readRunnerEnv({ NODE_ENV: 'production', ...runner })).join('\n')).toContain(
      'A_PASSWORD is missing',
    )
  })
})
