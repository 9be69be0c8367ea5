// What is started in the other region stands in the environment file or beside it. What cannot be applied, and what must not stand in a file,
// is refused at start with its place, and not in the middle of a recovery.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, readEnvironmentFile } from './environment'

const folder = mkdtempSync(join(tmpdir(), 'wr-dr-'))
afterAll(() => rmSync(folder, { recursive: true }))
const example = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../docs/deployment/environment.example.json'), 'utf8'),
)

const deployment = (env: object[] = [], name = 'castmatch-api') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { template: { spec: { containers: [{ name: 'api', env }] } } },
})
const file = (name: string, content: unknown) => {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return name
}
function read(drApplication: object | null, more: object = {}) {
  const path = join(folder, 'environment.json')
  writeFileSync(path, JSON.stringify({ ...example, kubernetes: { ...example.kubernetes, ...more, drApplication } }))
  return readEnvironmentFile(path).kubernetes?.drApplication
}
function problems(...args: Parameters<typeof read>): string[] {
  try {
    read(...args)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => problem.replace(`${folder}/`, ''))
  }
}

test('nothing is configured unless it is said', () => {
  expect(read(null)).toBeNull()
})

test('objects stand in the environment file, in files beside it, or in both', () => {
  const one = file('one.json', deployment([], 'worker'))
  const list = file('list.json', {
    kind: 'List',
    items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: {} }],
  })
  const found = read({
    manifests: [deployment()],
    manifestFiles: [one, list],
    replicas: { 'castmatch-api': 12, worker: 2 },
  })
  expect(found?.manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    'Deployment castmatch-api',
    'Deployment worker',
    'ConfigMap c',
  ])
  expect(found).toMatchObject({ namespace: null, terraform: null, replicas: { 'castmatch-api': 12 } })
})

describe('refused', () => {
  const plain = (name: string, value: string) => ({ manifests: [deployment([{ name, value }])] })
  test.each<[string, object, object, RegExp]>([
    [
      'no cluster to start it in',
      { manifests: [deployment()] },
      { drContext: null },
      /kubernetes\.drContext: name the context/,
    ],
    ['nothing to be started', { manifests: [] }, {}, /there is no Deployment/],
    [
      'pods of something that is not there',
      { manifests: [deployment()], replicas: { web: 3 } },
      {},
      /no manifest is of a Deployment web/,
    ],
    ['no pods', { manifests: [deployment()], replicas: { 'castmatch-api': 0 } }, {}, /replicas/],
    [
      'a secret as an object',
      { manifests: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } }] },
      {},
      /secrets stay in the cluster/,
    ],
    [
      'an autoscaler',
      { manifests: [{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' } }] },
      {},
      /autoscaler/,
    ],
    [
      'another version of the API',
      { manifests: [{ ...deployment(), apiVersion: 'apps/v1beta1' }] },
      {},
      /its apiVersion is apps\/v1beta1, not apps\/v1/,
    ],
    ['no name', { manifests: [{ ...deployment(), metadata: {} }] }, {}, /metadata\.name/],
    [
      'a password in the text',
      plain('DATABASE_PASSWORD', 'hunter2'),
      {},
      /Deployment castmatch-api: DATABASE_PASSWORD has its value in the text/,
    ],
    ['a token in the text', plain('API_TOKEN', 'abc'), {}, /API_TOKEN has its value in the text/],
    ['a URL with a password', plain('URL', 'postgres://u:hunter2@h/d'), {}, /must not carry a secret/],
    [
      'a plan without its digest',
      { manifests: [deployment()], terraform: { planFile: 'p', sha256: 'abc' } },
      {},
      /a SHA-256 in hex/,
    ],
    ['a file that is not there', { manifestFiles: ['none.json'] }, {}, /none\.json cannot be read as JSON/],
  ])('%s', (_what, application, more, message) => {
    expect(problems(application, more).join('\n')).toMatch(message)
  })

  test('what a file holds is refused with the same words', () => {
    expect(problems({ manifestFiles: [file('yaml.json', 'kind: Deployment')] }).join()).toMatch(
      /cannot be read as JSON/,
    )
    const secret = file('secret.json', deployment([{ name: 'DB_PASSWORD', value: 'hunter2' }]))
    const said = problems({ manifestFiles: [secret] }).join()
    expect(said).toMatch(/kubernetes\.drApplication: Deployment castmatch-api: DB_PASSWORD has its value in the text/)
    expect(said).not.toContain('hunter2')
    expect(problems({ manifestFiles: [file('none.json', { kind: 'List', items: [] })] }).join()).toMatch(
      /no Deployment/,
    )
  })
})

test('a reference to a secret is no secret', () => {
  const env = [{ name: 'DATABASE_PASSWORD', valueFrom: { secretKeyRef: { name: 's', key: 'password' } } }]
  expect(problems({ manifests: [deployment(env)] })).toEqual([])
})
