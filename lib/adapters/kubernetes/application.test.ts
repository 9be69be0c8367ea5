// The cluster in the other region, as its API describes it: what a pod waits for, whether a secret is there without reading it, what room is
// left, and objects that are applied in their order and no further than our turn.
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Manifest } from '../../domain/procedure/apply-call'
import { createApplication, pathOfObject } from './application'
import { deployment, failure, list, type Seen, send, startApi } from './testing'

const answers = new Map<string, { status?: number; body: unknown }>()
const api = await startApi((seen, response) => {
  const found = answers.get(`${seen.method} ${seen.path}`)
  send(response, found?.body ?? failure(404, 'NotFound'), found?.status ?? (found ? 200 : 404))
})
afterAll(() => api.end())
beforeEach(() => {
  answers.clear()
  api.seen.length = 0
})
const application = createApplication({ kubeconfig: api.kubeconfig, context: 'prod' })
const base = '/k8s/apis/apps/v1/namespaces/production/deployments/castmatch-api'
const pods = '/k8s/api/v1/namespaces/production/pods'

test('a deployment that is not there is not there, which is no error', async () => {
  expect(await application.deployment('production', 'castmatch-api')).toBeNull()
  expect(await application.owners('production', 'castmatch-api')).toEqual({
    keeper: null,
    autoscaler: { known: true, is: null },
  })
})

test('a cluster that denies the question is an error, and not a missing deployment', async () => {
  answers.set(`GET ${base}`, { status: 403, body: failure(403, 'Forbidden') })
  await expect(application.deployment('production', 'castmatch-api')).rejects.toMatchObject({ errorClass: 'auth' })
})

describe('a pod', () => {
  const podWith = (status: object, metadata: object = {}) => ({
    metadata: { name: 'api-1', labels: {}, ...metadata },
    spec: { containers: [{ name: 'api', env: [{ name: 'DATABASE_HOST', value: 'dr' }] }] },
    status: { phase: 'Pending', ...status },
  })
  const container = (state: object, restartCount = 0) => ({ name: 'api', ready: false, restartCount, state })
  const seen = { name: 'api', running: false, waiting: null, restarts: 0 }

  test.each<[string, object, object | null]>([
    [
      'has no node',
      podWith({
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }],
      }),
      { unplaced: '0/3 nodes', containers: [] },
    ],
    ['was not looked at yet', podWith({}), { unplaced: null, containers: [] }],
    [
      'cannot pull',
      podWith({ containerStatuses: [container({ waiting: { reason: 'ErrImagePull', message: 'gone' } })] }),
      { containers: [{ ...seen, waiting: { reason: 'ErrImagePull', message: 'gone' } }] },
    ],
    [
      'runs',
      podWith({ phase: 'Running', containerStatuses: [container({ running: {} }, 2)] }),
      { containers: [{ ...seen, running: true, restarts: 2 }] },
    ],
    [
      'has done its preparation',
      podWith({
        initContainerStatuses: [
          { name: 'migrate', ready: true, restartCount: 0, state: { terminated: { exitCode: 0 } } },
        ],
        containerStatuses: [container({ running: {} })],
      }),
      { containers: [{ ...seen, running: true }] },
    ],
    ['is ending', podWith({}, { deletionTimestamp: 'now' }), null],
    ['was evicted', podWith({ phase: 'Failed' }), null],
  ])('that %s', async (_what, found, expected) => {
    answers.set(`GET ${base}`, { body: deployment({ ready: 0 }) })
    answers.set(`GET ${pods}`, { body: list('PodList', [found]) })
    const state = await application.deployment('production', 'castmatch-api')
    if (expected) expect(state?.pods).toEqual([expect.objectContaining({ name: 'api-1', ready: false, ...expected })])
    else expect(state?.pods).toEqual([])
    expect(state).toMatchObject({ replicas: 2, ready: 0, annotations: { 'dr.castmatch/run': 'r0' } })
  })
})

describe('a secret', () => {
  const path = '/k8s/api/v1/namespaces/production/secrets/db'
  test('is asked for without what it holds', async () => {
    answers.set(`GET ${path}`, { body: { kind: 'PartialObjectMetadata', metadata: { name: 'db' } } })
    expect(await application.exists('production', 'Secret', 'db')).toBe(true)
    expect(api.seen.map(({ accept }) => accept)).toEqual([
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    ])
  })
  test('that is not there is missing', async () => {
    expect(await application.exists('production', 'Secret', 'db')).toBe(false)
  })
  test('that may not be asked for is unknown', async () => {
    answers.set(`GET ${path}`, { status: 403, body: failure(403, 'Forbidden') })
    await expect(application.exists('production', 'Secret', 'db')).rejects.toMatchObject({ errorClass: 'auth' })
  })
})

test('the room is what nodes have less what their pods ask for; a cordoned node takes none', async () => {
  const node = (name: string, unschedulable: boolean) => ({
    metadata: { name },
    spec: { unschedulable },
    status: { allocatable: { cpu: '4', memory: '1Gi', pods: '10' }, conditions: [{ type: 'Ready', status: 'True' }] },
  })
  const pod = (nodeName: string | undefined, phase = 'Running') => ({
    metadata: { name: 'x' },
    spec: { nodeName, containers: [{ name: 'a', resources: { requests: { cpu: '500m', memory: '1Mi' } } }] },
    status: { phase },
  })
  answers.set('GET /k8s/api/v1/nodes', { body: { kind: 'NodeList', items: [node('a', false), node('b', true)] } })
  answers.set('GET /k8s/api/v1/pods', {
    body: list('PodList', [pod('a'), pod('a'), pod('a', 'Succeeded'), pod('b'), pod(undefined)]),
  })
  expect((await application.room()).nodes).toEqual([
    {
      name: 'a',
      takesPods: true,
      allocatable: { cpu: 4, memory: 2 ** 30, pods: 10 },
      requested: { cpu: 1, memory: 2 ** 21, pods: 2 },
    },
    expect.objectContaining({ name: 'b', takesPods: false, requested: { cpu: 0.5, memory: 2 ** 20, pods: 1 } }),
  ])
})

describe('objects that are applied', () => {
  const config: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } }
  const app: Manifest = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'castmatch-api' } }
  const call = {
    kind: 'apply' as const,
    context: 'prod',
    namespace: 'production',
    fieldManager: 'dr',
    objects: [config, app],
  }
  const configPath = '/k8s/api/v1/namespaces/production/configmaps/c'
  const sent = () => api.seen.filter(({ method }) => method === 'PATCH')
  const brief = ({ path, query, contentType, body }: Seen) => ({ path, query: String(query), contentType, body })

  test('go out as they are, in their order, by server-side apply', async () => {
    answers.set(`PATCH ${configPath}`, { status: 201, body: config })
    answers.set(`PATCH ${base}`, { body: app })
    expect(await application.apply(call, () => {})).toEqual({ applied: 2 })
    const by = { query: 'fieldManager=dr&force=true', contentType: 'application/apply-patch+yaml' }
    expect(sent().map(brief)).toEqual([
      { path: configPath, ...by, body: config },
      { path: base, ...by, body: app },
    ])
  })

  test.each<[string, string, string]>([
    ['nothing has happened when the first is refused', configPath, 'rejected'],
    ['it is in doubt when a later one is', base, 'unknown'],
  ])('%s', async (_what, refused, outcome) => {
    answers.set(`PATCH ${configPath}`, { body: config })
    answers.set(`PATCH ${base}`, { body: app })
    answers.set(`PATCH ${refused}`, { status: 403, body: failure(403, 'Forbidden') })
    await expect(application.apply(call, () => {})).rejects.toMatchObject({ detail: { outcome } })
  })

  test('nothing more goes out once the turn is over', async () => {
    answers.set(`PATCH ${configPath}`, { body: config })
    const over = new Error('over')
    let asked = 0
    const turn = () => {
      asked += 1
      if (asked > 1) throw over
    }
    await expect(application.apply(call, turn)).rejects.toBe(over)
    expect(sent().map(({ path }) => path)).toEqual([configPath])
  })

  test.each<[Manifest, string]>([
    [config, '/api/v1/namespaces/n/configmaps/c'],
    [app, '/apis/apps/v1/namespaces/n/deployments/castmatch-api'],
    [
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'p' } },
      '/apis/policy/v1/namespaces/n/poddisruptionbudgets/p',
    ],
    [
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'i' } },
      '/apis/networking.k8s.io/v1/namespaces/n/ingresses/i',
    ],
  ])('have their place: $kind', (manifest, path) => {
    expect(pathOfObject('n', manifest)).toBe(path)
  })
})
