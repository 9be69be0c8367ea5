// The application of the home region would be started in the other one with hosts, registries and secrets of a region that is away
// (procedures, fault 46). Each such place is named before anything is started.
import { describe, expect, test } from 'vitest'
import type { Manifest } from '../procedure/apply-call'
import type { JsonValue } from '../procedure/canonical'
import { formatHomeReference, homeReferences, imagesIn, placedManifests, sourcesNamed, withoutHost } from './manifests'

type Tree = { [member: string]: JsonValue }
const deployment = (container: Tree, pod: Tree = {}, more: Tree = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api' },
  spec: { template: { spec: { containers: [{ name: 'web', ...container }], ...pod } }, ...more },
})
const env = (...variables: Tree[]) => deployment({ env: variables })
const home = { region: 'us-west-2', hosts: ['10.0.1.10', 'pg.prod.internal'] }

describe('what leads to the home region', () => {
  test.each<[string, Manifest, string]>([
    [
      'an image of its registry',
      deployment({ image: '123456789012.dkr.ecr.us-west-2.amazonaws.com/api:2' }),
      'Deployment api: spec.template.spec.containers[web].image names a registry of the home region: 123456789012.dkr.ecr.us-west-2.amazonaws.com/api:2.',
    ],
    [
      'an image of an init container',
      deployment({}, { initContainers: [{ name: 'migrate', image: '1.dkr.ecr-fips.us-west-2.amazonaws.com/m' }] }),
      'initContainers[migrate].image names a registry',
    ],
    [
      'a secret by its ARN',
      env({ name: 'SECRET_ARN', value: 'arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf' }),
      'env[SECRET_ARN].value names a secret of the home region: arn:aws:secretsmanager:us-west-2:',
    ],
    [
      'a key by its ARN',
      env({ name: 'KEY', value: 'arn:aws-us-gov:kms:us-west-2:1:key/2' }),
      'env[KEY].value names a secret of the home region',
    ],
    [
      'an endpoint of RDS',
      env({ name: 'READER', value: 'c.cluster-ro-x.us-west-2.rds.amazonaws.com' }),
      'env[READER].value names a host of the home region: c.cluster-ro-x.us-west-2.rds.amazonaws.com.',
    ],
    [
      'a host in a URL',
      env({ name: 'URL', value: 'postgres://pg.prod.internal:5432/db' }),
      'env[URL].value names a host',
    ],
    ['an address with a port', env({ name: 'H', value: '10.0.1.10:6432' }), 'env[H].value names a host'],
    [
      'the region alone',
      env({ name: 'AWS_REGION', value: 'us-west-2' }),
      'env[AWS_REGION].value names the home region: us-west-2.',
    ],
    [
      'a zone of it',
      deployment({}, { nodeSelector: { 'topology.kubernetes.io/zone': 'us-west-2b' } }),
      'nodeSelector.topology.kubernetes.io/zone names the home region: us-west-2b.',
    ],
    [
      'the name of a member',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { 'us-west-2': 'x' } },
      'ConfigMap c: data.us-west-2 names the home region',
    ],
    ['an argument', deployment({ args: ['--region', 'us-west-2'] }), 'containers[web].args[1] names the home region'],
    [
      'a role by annotation',
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 's', annotations: { bucket: 'castmatch-us-west-2-files' } },
      },
      'ServiceAccount s: metadata.annotations.bucket names the home region',
    ],
  ])('%s is named with its place', (_what, manifest, says) => {
    const found = homeReferences([manifest], home)
    expect(found.map(formatHomeReference)).toEqual([expect.stringContaining(says)])
  })

  test.each<[string, Manifest]>([
    ['the other region', env({ name: 'AWS_REGION', value: 'us-east-1' })],
    ['a region whose name only begins so', env({ name: 'R', value: 'us-west-20' })],
    ['a name that only contains it', env({ name: 'R', value: 'aus-west-2' })],
    ['a longer address', env({ name: 'H', value: '10.0.1.100' })],
    ['a longer host', env({ name: 'H', value: 'xpg.prod.internal-2' })],
    ['a role, which belongs to no region', env({ name: 'ROLE', value: 'arn:aws:iam::1:role/api' })],
    ['an image of the other registry', deployment({ image: '1.dkr.ecr.us-east-1.amazonaws.com/api:2' })],
  ])('%s is not', (_what, manifest) => {
    expect(homeReferences([manifest], home)).toEqual([])
  })
})

describe('as they are applied', () => {
  const to = {
    namespace: 'production',
    annotations: { run: 'r1' },
    database: { host: 'dr.example', port: 6000, hostVariable: 'DATABASE_HOST', portVariable: 'DATABASE_PORT' },
    replicas: () => 12,
  }
  const variables = (manifest: Manifest) => {
    const [placed] = placedManifests([manifest], to) as unknown as {
      spec: { template: { spec: { containers: { env: JsonValue }[] } } }
    }[]
    return placed?.spec.template.spec.containers[0]?.env
  }

  test.each<[string, Tree[], JsonValue]>([
    ['a plain host', [{ name: 'DATABASE_HOST', value: 'old' }], [{ name: 'DATABASE_HOST', value: 'dr.example' }]],
    [
      'a host with a port',
      [{ name: 'DATABASE_HOST', value: 'old:5432' }],
      [{ name: 'DATABASE_HOST', value: 'dr.example:6000' }],
    ],
    [
      'a host beside its port',
      [
        { name: 'DATABASE_HOST', value: 'old' },
        { name: 'DATABASE_PORT', value: '5432' },
      ],
      [
        { name: 'DATABASE_HOST', value: 'dr.example' },
        { name: 'DATABASE_PORT', value: '6000' },
      ],
    ],
    [
      'a host from elsewhere',
      [{ name: 'DATABASE_HOST', valueFrom: { configMapKeyRef: { name: 'c', key: 'host' } } }],
      [{ name: 'DATABASE_HOST', value: 'dr.example' }],
    ],
    ['another variable', [{ name: 'OTHER', value: 'old' }], [{ name: 'OTHER', value: 'old' }]],
  ])('%s', (_what, before, after) => {
    expect(variables(env(...before))).toEqual(after)
  })

  test('what pods need comes before them, in one namespace, with the mark of the run and the number of pods', () => {
    const config: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', annotations: { a: 'b' } } }
    const placed = placedManifests([deployment({}, {}, { replicas: 6 }), config], to)
    expect(placed.map(({ kind, metadata }) => [kind, metadata.namespace, metadata.annotations])).toEqual([
      ['ConfigMap', 'production', { a: 'b', run: 'r1' }],
      ['Deployment', 'production', { run: 'r1' }],
    ])
    expect(placed[1]?.spec).toMatchObject({ replicas: 12 })
  })
})

describe('what pods take from their cluster', () => {
  const ref = (name: string, more: Tree = {}) => ({ name, key: 'k', ...more })
  test.each<[string, Manifest, string[]]>([
    ['a variable', env({ name: 'P', valueFrom: { secretKeyRef: ref('db') } }), ['Secret db']],
    ['one that may be missing', env({ name: 'P', valueFrom: { secretKeyRef: ref('db', { optional: true }) } }), []],
    [
      'a whole source',
      deployment({ envFrom: [{ secretRef: { name: 's' } }, { configMapRef: { name: 'c' } }] }),
      ['Secret s', 'ConfigMap c'],
    ],
    ['the key of a registry', deployment({}, { imagePullSecrets: [{ name: 'ecr' }] }), ['Secret ecr']],
    [
      'volumes',
      deployment(
        {},
        {
          volumes: [
            { name: 'v', secret: { secretName: 'tls' } },
            { name: 'w', configMap: { name: 'c' } },
          ],
        },
      ),
      ['Secret tls', 'ConfigMap c'],
    ],
    [
      'a projected volume',
      deployment({}, { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'p' } }] } }] }),
      ['Secret p'],
    ],
    [
      'an init container',
      deployment({}, { initContainers: [{ name: 'i', env: [{ name: 'P', valueFrom: { secretKeyRef: ref('db') } }] }] }),
      ['Secret db'],
    ],
  ])('%s', (_what, manifest, names) => {
    expect(sourcesNamed([manifest]).map(({ kind, name }) => `${kind} ${name}`)).toEqual(names)
  })

  test('what the manifests bring along is not missing', () => {
    const config: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }
    expect(sourcesNamed([deployment({ envFrom: [{ configMapRef: { name: 'c' } }] }), config])).toEqual([])
  })
})

test('a deployment that nobody can tell where its database is, is named; each image is named once', () => {
  expect(withoutHost([env({ name: 'OTHER', value: '' })], 'DATABASE_HOST')).toEqual(['api'])
  expect(withoutHost([env({ name: 'DATABASE_HOST', value: '' })], 'DATABASE_HOST')).toEqual([])
  expect(imagesIn([deployment({ image: 'a:1' }), deployment({ image: 'a:1' })])).toEqual(['a:1'])
})
