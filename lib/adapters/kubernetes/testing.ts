import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Seen {
  method: string
  path: string
  query: URLSearchParams
  contentType: string | undefined
  authorization: string | undefined
  accept: string | undefined
  body: unknown
}

type Handler = (seen: Seen, response: ServerResponse) => void

export const deployment = (
  more: {
    ready?: number
    host?: string
    initHost?: string
    version?: string
    generation?: number
    release?: { revision: string; image: string }
  } = {},
) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'castmatch-api',
    namespace: 'production',
    generation: more.generation ?? 1,
    resourceVersion: more.version ?? '10',
    annotations: {
      'dr.castmatch/run': 'r0',
      ...(more.release && { 'deployment.kubernetes.io/revision': more.release.revision }),
    },
  },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'castmatch-api' } },
    template: {
      spec: {
        containers: [
          { name: 'proxy', env: [{ name: 'MODE', value: 'fast' }], ...(more.release && { image: more.release.image }) },
          { name: 'api', env: [{ name: 'DATABASE_HOST', value: more.host ?? 'old.example' }] },
        ],
        initContainers: [{ name: 'migrate', env: [{ name: 'DATABASE_HOST', value: more.initHost ?? 'old.example' }] }],
      },
    },
  },
  status: {
    observedGeneration: 1,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: more.ready ?? 2,
    availableReplicas: more.ready ?? 2,
  },
})

export const pod = (name: string, ready = true, version = '11') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'production', resourceVersion: version, labels: { app: 'castmatch-api' } },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', reason: 'ContainersNotReady' }],
    containerStatuses: [{ name: 'api', ready, restartCount: ready ? 0 : 3, state: {} }],
  },
})

export const list = (kind: 'DeploymentList' | 'PodList', items: unknown[], resourceVersion = '20') => ({
  kind,
  items,
  metadata: { resourceVersion },
})

export const scale = (replicas: number) => ({ kind: 'Scale', metadata: { name: 'castmatch-api' }, spec: { replicas } })

/** How Kubernetes says that it does not do what was asked. */
export const failure = (code: number, reason: string) => ({ kind: 'Status', status: 'Failure', code, reason })

export const send = (response: ServerResponse, value: unknown, status = 200) => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

/** An open watch: lines go out at once. */
export const startWatch = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  return (type: string, object: unknown) => response.write(`${JSON.stringify({ type, object })}\n`)
}

/** A kubeconfig file whose context `prod` leads to `<server>/k8s`, and is not the current one. */
export function writeKubeconfig(directory: string, server: string, user: object = { token: 'token-1' }): string {
  const path = join(directory, 'config')
  const entry = (name: string, base: string) => ({ name, cluster: { server: `${server}${base}` } })
  writeFileSync(
    path,
    JSON.stringify({
      'current-context': 'other',
      clusters: [entry('prod', '/k8s'), entry('other', '/other')],
      users: [{ name: 'warroom', user }],
      contexts: ['prod', 'other'].map((name) => ({ name, context: { cluster: name, user: 'warroom' } })),
    }),
  )
  return path
}

/** A Kubernetes API of a test's own behind a kubeconfig file; it can be stopped and started on the same port. */
export async function startApi(handle: Handler) {
  const directory = mkdtempSync(join(tmpdir(), 'wr-kube-'))
  const seen: Seen[] = []
  const server = createServer((request: IncomingMessage, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://x')
      const one: Seen = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        contentType: request.headers['content-type'],
        authorization: request.headers.authorization,
        accept: request.headers.accept,
        body: text ? JSON.parse(text) : undefined,
      }
      seen.push(one)
      handle(one, response)
    })
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const { port } = server.address() as AddressInfo
  const kubeconfig = writeKubeconfig(directory, `http://127.0.0.1:${port}`)
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return {
    seen,
    kubeconfig,
    stop,
    restart: () => listen(port),
    async end() {
      await stop()
      rmSync(directory, { recursive: true })
    },
  }
}
