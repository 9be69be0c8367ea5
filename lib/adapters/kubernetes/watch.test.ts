/**
 * A watch lives for days: its connections end, go half-open, their server restarts, and the version it would go on from
 * expires. The view must follow the cluster through all of it and say so while it cannot.
 */
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { WorkloadWatch } from '../../ports/workloads'
import { createKubernetes } from './index'
import { deployment, failure, list, pod, type Seen, scale, send, startApi, startWatch } from './testing'

const ends: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
const wait = { timeout: 15_000, interval: 10 }
/** Where an answer comes, however late on a busy machine, it counts: only tests of a limit have a short one. */
const patientMs = 15_000
const json = { 'content-type': 'application/json' }
const isDeployment = (seen: Seen) => seen.path.endsWith('/deployments')
const isWatch = (seen: Seen) => seen.query.get('watch') === 'true'

/** A cluster whose state the test changes; `watching` may replace how it serves watches. */
async function cluster(watching?: (seen: Seen, response: ServerResponse, n: number) => boolean) {
  const state = { deployment: deployment() as unknown, pods: [pod('a'), pod('b')] as unknown[] }
  const open: { deployments: ReturnType<typeof startWatch>[]; pods: ReturnType<typeof startWatch>[] } = {
    deployments: [],
    pods: [],
  }
  const counts = { lists: 0, watches: 0 }
  const api = await startApi((seen, response) => {
    if (isWatch(seen)) {
      if (isDeployment(seen)) counts.watches++
      if (watching?.(seen, response, counts.watches)) return
      open[isDeployment(seen) ? 'deployments' : 'pods'].push(startWatch(response))
      return
    }
    if (isDeployment(seen)) counts.lists++
    send(
      response,
      isDeployment(seen)
        ? list('DeploymentList', state.deployment ? [state.deployment] : [])
        : list('PodList', state.pods),
    )
  })
  ends.push(() => api.end())
  const start = (limits: { watchSeconds?: number; graceMs?: number } = {}): WorkloadWatch => {
    const watch = createKubernetes({
      kubeconfig: api.kubeconfig,
      context: 'prod',
      watch: { answerMs: patientMs, backoffMs: { first: 20, most: 100 }, ...limits },
    }).watch('production', 'castmatch-api')
    ends.push(() => watch.stop())
    return watch
  }
  /** Once both watches are open at the server. */
  const opened = async (times = 1) => {
    await vi.waitFor(() => expect([open.deployments.length, open.pods.length]).toEqual([times, times]), wait)
    const [deployments, pods] = [open.deployments.at(-1), open.pods.at(-1)]
    if (!deployments || !pods) throw new Error('no watch is open')
    return { deployments, pods }
  }
  return { api, state, open, counts, start, opened }
}

describe('watching a deployment', () => {
  test('shows it with its pods, and each change as it comes', async () => {
    const { opened, start } = await cluster()
    const watch = start()
    await vi.waitFor(() => expect(watch.current().view?.pods.map((p) => p.name)).toEqual(['a', 'b']), wait)
    expect(watch.current()).toMatchObject({
      view: { replicas: 2, ready: 2, databaseHost: 'old.example', rollout: 'complete' },
      error: null,
      failingSince: null,
    })
    expect(watch.current().view).not.toHaveProperty('release')
    const { deployments, pods } = await opened()
    let told = 0
    watch.onChange(() => told++)
    pods('MODIFIED', pod('b', false))
    pods('ADDED', pod('c'))
    pods('DELETED', pod('a'))
    deployments('MODIFIED', deployment({ ready: 1, host: 'new.example', release: { revision: '12', image: 'api:2' } }))
    await vi.waitFor(() => {
      const view = watch.current().view
      expect(view?.pods.map((p) => [p.name, p.ready, p.restarts])).toEqual([
        ['b', false, 3],
        ['c', true, 0],
      ])
      expect(view).toMatchObject({
        databaseHost: 'new.example',
        rollout: 'progressing',
        rolloutDetail: '1 of 2 available',
        release: 'revision 12, api:2',
      })
    }, wait)
    expect(told).toBeGreaterThan(0)
  })

  test('goes on from the last version after a watch ends in order, without listing again', async () => {
    const { api, counts, start } = await cluster((seen, response, n) => {
      if (!isDeployment(seen) || n > 1) return false
      const write = startWatch(response)
      write('BOOKMARK', { metadata: { resourceVersion: '33' } })
      response.end()
      return true
    })
    start()
    await vi.waitFor(() => expect(counts.watches).toBe(2), wait)
    const versions = api.seen.filter((s) => isDeployment(s) && isWatch(s)).map((s) => s.query.get('resourceVersion'))
    expect(versions).toEqual(['20', '33'])
    expect(counts.lists).toBe(1)
  })

  test.each([
    ['in the stream', (response: ServerResponse) => startWatch(response)('ERROR', failure(410, 'Expired'))],
    ['as the answer', (response: ServerResponse) => send(response, failure(410, 'Expired'), 410)],
  ])('lists again when its version has expired, said %s', async (_where, expire) => {
    const world = await cluster((seen, response, n) => {
      if (!isDeployment(seen) || n > 1) return false
      world.state.deployment = deployment({ host: 'after.example' })
      expire(response)
      return true
    })
    const watch = world.start()
    const errors: (string | null)[] = []
    watch.onChange(() => errors.push(watch.current().error))
    await vi.waitFor(() => expect(watch.current().view?.databaseHost).toBe('after.example'), wait)
    expect(world.counts.lists).toBe(2)
    expect(errors.filter((e) => e !== null)).toEqual([])
  })

  test.each([
    ['a page', (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['half a line', (response: ServerResponse) => response.writeHead(200, json).end('{"type":"MODI')],
    ['a line of something else', (response: ServerResponse) => send(response, { message: 'welcome' })],
    ['nothing', (response: ServerResponse) => response.writeHead(200, json).end()],
    ['nothing, late', (response: ServerResponse) => setTimeout(() => response.writeHead(200, json).end(), 60)],
  ])('lists again when a watch is answered with %s', async (_what, answer) => {
    const world = await cluster((seen, response, n) => {
      if (!isDeployment(seen) || n > 1) return false
      world.state.deployment = deployment({ host: 'missed.example' })
      answer(response)
      return true
    })
    // Long: nothing but that answer makes it list again.
    const watch = world.start({ watchSeconds: 60 })
    await vi.waitFor(() => expect(watch.current().view?.databaseHost).toBe('missed.example'), wait)
    expect(world.counts.lists).toBe(2)
  })

  test.each([
    ['a page', '<html>welcome</html>'],
    ['nothing', ''],
    ['another list', JSON.stringify(list('PodList', []))],
    ['a list without its items', '{"kind":"DeploymentList","metadata":{"resourceVersion":"9"}}'],
    ['a list of no version', '{"kind":"DeploymentList","metadata":{},"items":[]}'],
  ])('is not called missing because its list is answered with %s', async (_what, body) => {
    const api = await startApi((_seen, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body),
    )
    ends.push(() => api.end())
    const watch = createKubernetes({ kubeconfig: api.kubeconfig, context: 'prod' }).watch('production', 'castmatch-api')
    ends.push(() => watch.stop())
    await vi.waitFor(() => expect(watch.current().error).toContain('unreadable response'), wait)
    expect(watch.current()).toMatchObject({ view: null, observedAt: null })
    expect(watch.current().failingSince).not.toBeNull()
  })

  test('finds a half-open connection by its silence, says so, and lists again', async () => {
    const world = await cluster((seen, response, n) => {
      if (!isDeployment(seen) || n > 1) return false
      startWatch(response)
      world.state.deployment = deployment({ host: 'missed.example' })
      return true
    })
    const watch = world.start({ watchSeconds: 0, graceMs: 150 })
    const errors = new Set<string | null>()
    watch.onChange(() => errors.add(watch.current().error))
    await vi.waitFor(() => expect(watch.current().view?.databaseHost).toBe('missed.example'), wait)
    expect([...errors].some((e) => e?.includes('sent nothing'))).toBe(true)
  })

  test('says since when its server is away, keeps the last view with its age, and recovers by itself', async () => {
    const { api, state, opened, start } = await cluster()
    const watch = start()
    // Both watches have told something: nothing that the server has said is still on its way.
    const { deployments, pods } = await opened()
    deployments('MODIFIED', deployment({ ready: 1 }))
    pods('MODIFIED', pod('b', false))
    await vi.waitFor(() => {
      const view = watch.current().view
      expect([view?.ready, view?.pods.map((p) => p.ready)]).toEqual([1, [true, false]])
    }, wait)
    await api.stop()
    await vi.waitFor(() => expect(watch.current().failingSince).not.toBeNull(), wait)
    const { failingSince, observedAt, view } = watch.current()
    expect(view?.databaseHost).toBe('old.example')
    await vi.waitFor(() => expect(watch.current().error).toContain('refused'), wait)
    expect(watch.current()).toMatchObject({ failingSince, observedAt })
    state.deployment = deployment({ host: 'back.example' })
    await api.restart()
    await vi.waitFor(
      () =>
        expect(watch.current()).toMatchObject({
          view: { databaseHost: 'back.example' },
          error: null,
          failingSince: null,
        }),
      wait,
    )
    expect(watch.current().observedAt).toBeGreaterThan(observedAt ?? 0)
  })

  test('says that the deployment does not exist, and shows it when it comes', async () => {
    const { state, open, start } = await cluster()
    state.deployment = null
    const watch = start()
    await vi.waitFor(() => expect(watch.current().error).toContain('no deployment castmatch-api'), wait)
    expect(watch.current().view).toBeNull()
    await vi.waitFor(() => expect(open.deployments).toHaveLength(1), wait)
    open.deployments[0]?.('ADDED', deployment())
    await vi.waitFor(() => expect(watch.current()).toMatchObject({ view: { ready: 2 }, error: null }), wait)
  })

  test('asks nothing more once it is stopped', async () => {
    const { api, opened, start } = await cluster()
    const watch = start()
    await opened()
    watch.stop()
    const before = api.seen.length
    await api.stop()
    await api.restart()
    // Another one lists and watches both, and nobody else asks.
    start()
    await opened(2)
    expect(api.seen.length).toBe(before + 4)
  })
})

describe('changing a deployment', () => {
  const answering = (handle?: (seen: Seen, response: ServerResponse) => boolean, requestMs = patientMs) =>
    startApi((seen, response) => {
      if (!handle?.(seen, response)) send(response, deployment())
    }).then((api) => {
      ends.push(() => api.end())
      return { api, kubernetes: createKubernetes({ kubeconfig: api.kubeconfig, context: 'prod', requestMs }) }
    })

  test('sets variables and annotations in one patch, on every container that is named', async () => {
    const { api, kubernetes } = await answering()
    const state = await kubernetes.patchEnv('production', 'castmatch-api', change)
    expect(state).toMatchObject({
      containers: [
        { name: 'proxy', init: false, env: { MODE: 'fast' } },
        { name: 'api', init: false, env: { DATABASE_HOST: 'old.example' } },
        { name: 'migrate', init: true, env: { DATABASE_HOST: 'old.example' } },
      ],
      resourceVersion: '10',
    })
    const patches = api.seen.filter((s) => s.method === 'PATCH')
    expect(patches).toHaveLength(1)
    expect(patches[0]).toMatchObject({
      path: '/k8s/apis/apps/v1/namespaces/production/deployments/castmatch-api',
      contentType: 'application/strategic-merge-patch+json',
      authorization: 'Bearer token-1',
      body: {
        metadata: { annotations: { 'dr.castmatch/run': 'r1' } },
        spec: {
          template: {
            spec: {
              containers: [{ name: 'api', env: [{ name: 'DATABASE_HOST', value: 'new.example' }] }],
              initContainers: [{ name: 'migrate', env: [{ name: 'DATABASE_HOST', value: 'new.example' }] }],
            },
          },
        },
      },
    })
    expect(patches[0]?.query.get('fieldManager')).toBe('castmatch-warroom')
  })

  test('an annotation alone leaves the pods as they are', async () => {
    const { api, kubernetes } = await answering()
    await kubernetes.patchEnv('production', 'castmatch-api', {
      containers: [{ name: 'api', init: false, env: {} }],
      annotations: { a: 'b' },
    })
    expect(api.seen.at(-1)?.body).toEqual({ metadata: { annotations: { a: 'b' } } })
  })

  const env = { DATABASE_HOST: 'new.example' }
  const change = {
    containers: [
      { name: 'api', init: false, env },
      { name: 'migrate', init: true, env },
    ],
    annotations: { 'dr.castmatch/run': 'r1' },
  }
  const conflict = (response: ServerResponse) => send(response, failure(409, 'Conflict'), 409)

  test('reads again after a conflict, and sends again only while it is not as wanted', async () => {
    let refused = 0
    const { api, kubernetes } = await answering((seen, response) => {
      if (seen.method !== 'PATCH' || refused > 0) return false
      refused += 1
      conflict(response)
      return true
    })
    await kubernetes.patchEnv('production', 'castmatch-api', change)
    expect(api.seen.map((s) => s.method)).toEqual(['PATCH', 'GET', 'PATCH'])
    const meanwhile = async (hosts: { host: string; initHost?: string }) => {
      const { api, kubernetes } = await answering((seen, response) => {
        if (seen.method === 'PATCH') conflict(response)
        else {
          const found = deployment(hosts)
          send(response, { ...found, metadata: { ...found.metadata, annotations: change.annotations } })
        }
        return true
      })
      const outcome = await kubernetes.patchEnv('production', 'castmatch-api', change).then(
        () => 'made',
        () => 'given up',
      )
      return [outcome, ...api.seen.map((s) => s.method)]
    }
    expect(await meanwhile({ host: 'new.example', initHost: 'new.example' })).toEqual(['made', 'PATCH', 'GET'])
    // One container of two is not the change.
    expect(await meanwhile({ host: 'new.example' })).toEqual(['given up', 'PATCH', 'GET', 'PATCH', 'GET', 'PATCH'])
  })

  test('reads where each container takes its variables from, whether it is paused, and what its running pods have', async () => {
    const { kubernetes } = await answering((seen, response) => {
      const found = deployment()
      const from = (name: string, valueFrom: object) => ({ name, env: [{ name: 'DATABASE_HOST', valueFrom }] })
      const containers = [
        from('map', { configMapKeyRef: { name: 'db', key: 'host' } }),
        from('secret', { secretKeyRef: { name: 'db', key: 'host' } }),
        from('field', { fieldRef: { fieldPath: "metadata.annotations['host']" } }),
        { name: 'whole', envFrom: [{ configMapRef: { name: 'all' } }, { prefix: 'X_', secretRef: { name: 'x' } }] },
      ]
      const spec = { containers: [{ name: 'api', env: [{ name: 'DATABASE_HOST', value: 'old.example' }] }] }
      const ended = { ...pod('evicted'), spec, status: { phase: 'Failed' } }
      const leaving = { ...pod('leaving'), spec }
      const left = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
      if (seen.path.endsWith('/pods')) send(response, list('PodList', [{ ...pod('runs'), spec }, ended, left]))
      else send(response, { ...found, spec: { ...found.spec, paused: true, template: { spec: { containers } } } })
      return true
    })
    const state = await kubernetes.read('production', 'castmatch-api')
    expect(state.paused).toBe(true)
    expect(state.databaseHost).toBeNull()
    expect(state.containers.map(({ name, references, sources }) => [name, references.DATABASE_HOST, sources])).toEqual([
      ['map', 'key host of ConfigMap db', []],
      ['secret', 'key host of Secret db', []],
      ['field', "field metadata.annotations['host'] of the pod", []],
      [
        'whole',
        undefined,
        [
          { from: 'ConfigMap all', prefix: '' },
          { from: 'Secret x', prefix: 'X_' },
        ],
      ],
    ])
    expect(state.running).toMatchObject([{ name: 'runs', containers: [{ env: { DATABASE_HOST: 'old.example' } }] }])
  })

  test('gives up on conflicts that do not end, and on a refused right at once; both certainly changed nothing', async () => {
    const { api, kubernetes } = await answering((seen, response) => {
      if (seen.method === 'PATCH') conflict(response)
      return seen.method === 'PATCH'
    })
    const given = kubernetes.patchEnv('production', 'castmatch-api', change)
    await expect(given).rejects.toMatchObject({ errorClass: 'state', detail: { outcome: 'rejected' } })
    expect(api.seen.filter((s) => s.method === 'PATCH')).toHaveLength(3)
    const denied = await answering((_seen, response) => {
      send(response, failure(403, 'Forbidden'), 403)
      return true
    })
    const refused = denied.kubernetes.patchEnv('production', 'castmatch-api', change)
    await expect(refused).rejects.toMatchObject({ errorClass: 'auth', detail: { outcome: 'rejected' } })
    expect(denied.api.seen).toHaveLength(1)
  })

  test('knows the deadline of a rollout', async () => {
    const { kubernetes } = await answering((seen, response) => {
      if (seen.path.endsWith('/pods')) send(response, list('PodList', []))
      else {
        const found = deployment()
        send(response, { ...found, spec: { ...found.spec, progressDeadlineSeconds: 90 } })
      }
      return true
    })
    const state = await kubernetes.read('production', 'castmatch-api')
    expect(state).toMatchObject({ progressDeadlineSeconds: 90 })
  })

  test('scales by the scale subresource', async () => {
    const { api, kubernetes } = await answering((_seen, response) => {
      send(response, scale(0))
      return true
    })
    await kubernetes.scale('production', 'castmatch-api', 0)
    expect(api.seen.at(-1)).toMatchObject({
      path: '/k8s/apis/apps/v1/namespaces/production/deployments/castmatch-api/scale',
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: 0 } },
    })
  })

  test('asks what it may do, with API group and subresource', async () => {
    const { api, kubernetes } = await answering((_seen, response) => {
      send(response, { kind: 'SelfSubjectAccessReview', status: { allowed: true } }, 201)
      return true
    })
    expect(await kubernetes.canI('patch', 'deployments/scale', 'production')).toBe(true)
    expect(api.seen.at(-1)?.body).toMatchObject({
      spec: {
        resourceAttributes: {
          verb: 'patch',
          group: 'apps',
          resource: 'deployments',
          subresource: 'scale',
          namespace: 'production',
        },
      },
    })
  })

  test.each([
    [403, 'Forbidden', 'auth', 'rejected'],
    [404, 'NotFound', 'missing', 'rejected'],
    [409, 'Conflict', 'state', 'rejected'],
    [429, 'TooManyRequests', 'transient', 'rejected'],
    [500, 'InternalError', 'transient', 'unknown'],
  ])('status %i (%s) is %s and %s', async (status, reason, errorClass, outcome) => {
    const { kubernetes } = await answering((_seen, response) => {
      send(response, failure(status, reason), status)
      return true
    })
    await expect(kubernetes.scale('production', 'castmatch-api', 1)).rejects.toMatchObject({
      errorClass,
      detail: { outcome, code: reason },
    })
  })

  test('a server that hangs leaves a change in doubt', async () => {
    const { kubernetes } = await answering(() => true, 100)
    await expect(kubernetes.scale('production', 'castmatch-api', 1)).rejects.toMatchObject({
      errorClass: 'timeout',
      detail: { outcome: 'unknown', probe: 'timeout' },
    })
  })

  test('names must stay within their place in the address', async () => {
    const { api, kubernetes } = await answering()
    await expect(kubernetes.read('production', '../../secrets/x')).rejects.toThrow('unreadable response')
    expect(api.seen[0]?.path).toBe('/k8s/apis/apps/v1/namespaces/production/deployments/..%2F..%2Fsecrets%2Fx')
  })

  test("leaves the file's current context as it was", async () => {
    const { api, kubernetes } = await answering()
    await kubernetes.patchEnv('production', 'castmatch-api', change)
    expect(JSON.parse(readFileSync(api.kubeconfig, 'utf8'))['current-context']).toBe('other')
    expect(() => createKubernetes({ kubeconfig: api.kubeconfig, context: 'none' })).toThrow('no context named none')
  })
})
