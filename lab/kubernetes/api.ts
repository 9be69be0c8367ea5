import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiFault, ApiFaults, EffectLog } from '../contract'
import { sendSpoilt } from '../faults/spoilt-reply'
import { reviewAccess } from './access'
import { applyDeployment, applyType, readApplied } from './apply'
import { discovery } from './discovery'
import { serveLog } from './logs'
import type { Pods } from './pods'
import { fieldSelector, labelSelector } from './selectors'
import type { ObjectStore } from './store'
import { toTable } from './table'
import { type KubeObject, notFound, type Pod, type Resource, resources, StatusError } from './types'
import { serveWatch } from './watch'
import { applyPatch, requireDeployment, scaleOf, writeDeployment, writeScale } from './writes'

export interface KubernetesCluster {
  region: string
  store: ObjectStore
  pods: Pods
}

interface Target {
  resource: Resource
  namespace: string | null
  name: string | null
  subresource: string | null
}

const bodyLimit = 3 * 1024 * 1024

/** Serves one request of the Kubernetes API; `path` is without the prefix of the region. */
export class KubernetesApi {
  constructor(
    private readonly token: string,
    private readonly faults: ApiFaults,
    private readonly log: EffectLog,
  ) {}

  async handle(
    cluster: KubernetesCluster,
    path: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      if (request.headers.authorization !== `Bearer ${this.token}`)
        throw new StatusError(401, 'Unauthorized', 'Unauthorized')
      const found = discovery(path)
      if (found) return send(response, 200, found)
      if (path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews' && request.method === 'POST')
        return send(response, 201, reviewAccess(await readBytes(request)))
      // Nothing scales by itself here, and a client that asks is told so.
      if (/^\/apis\/autoscaling\/v2\/namespaces\/[^/]+\/horizontalpodautoscalers$/.test(path))
        return send(response, 200, {
          kind: 'HorizontalPodAutoscalerList',
          apiVersion: 'autoscaling/v2',
          metadata: {},
          items: [],
        })
      const target = parsePath(path)
      if (!target) throw new StatusError(404, 'NotFound', 'the server could not find the requested resource')
      await this.serve(cluster, target, query, request, response)
    } catch (error) {
      fail(response, error)
    }
  }

  private async serve(
    cluster: KubernetesCluster,
    target: Target,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const operation = operationName(target, query, request.method ?? 'GET')
    const reads = request.method === 'GET'
    const body = reads ? null : await readBody(request, isApply(request))
    const fault = this.faults.take('kubernetes', operation)
    const before = fault && (!('when' in fault) || fault.when === 'before')
    if (fault && before) {
      if (!reads)
        this.record(cluster, target, operation, query, body, false, fault.kind === 'hang' ? 'none' : 'error', null)
      return strike(fault, response)
    }
    if (reads) {
      if (fault) return strike(fault, response)
      return this.read(cluster, target, query, request, response)
    }
    let answer: { status: number; body: unknown }
    try {
      answer = this.write(cluster, target, query, request, body)
    } catch (error) {
      const status = error instanceof StatusError ? error.code : 500
      this.record(cluster, target, operation, query, body, false, 'error', status)
      throw error
    }
    const answered = fault ? (fault.kind === 'error-500' ? 'error' : 'none') : 'ok'
    const status = fault && fault.kind !== 'spoilt-reply' ? null : answer.status
    this.record(cluster, target, operation, query, body, !query.get('dryRun'), answered, status)
    if (fault) return strike(fault, response)
    send(response, answer.status, answer.body)
  }

  private async read(
    cluster: KubernetesCluster,
    target: Target,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { store } = cluster
    const { resource, namespace, name } = target
    const accept = request.headers.accept ?? ''
    const table = accept.includes('as=Table') && accept.includes('g=meta.k8s.io') ? query.get('includeObject') : false
    if (name !== null) {
      const object = store.get(resource, resources[resource].namespaced ? (namespace ?? '') : '', name)
      if (!object) throw notFound(resource, name, resources[resource].apiVersion === 'apps/v1' ? 'apps' : '')
      if (target.subresource === 'log') return serveLog(cluster.pods, object as Pod, query, response)
      if (target.subresource === 'scale' && resource === 'deployments')
        return send(response, 200, scaleOf(requireDeployment(store, namespace ?? '', name)))
      if (target.subresource && target.subresource !== 'status')
        throw new StatusError(404, 'NotFound', 'the server could not find the requested resource')
      if (accept.includes('as=PartialObjectMetadata'))
        return send(response, 200, {
          kind: 'PartialObjectMetadata',
          apiVersion: 'meta.k8s.io/v1',
          metadata: object.metadata,
        })
      const version = object.metadata.resourceVersion
      return send(response, 200, table === false ? object : toTable(resource, [object], version, table, Date.now()))
    }
    const byLabel = labelSelector(query.get('labelSelector'))
    const byField = fieldSelector(query.get('fieldSelector'))
    const matches = (object: KubeObject) => byLabel(object) && byField(object)
    if (query.get('watch') === 'true' || query.get('watch') === '1') {
      const seconds = Number(query.get('timeoutSeconds') ?? 1800)
      return serveWatch(store, response, {
        resource,
        namespace,
        matches,
        since: versionOf(query.get('resourceVersion')),
        bookmarks: query.get('allowWatchBookmarks') === 'true',
        timeoutMs: Math.min(Number.isFinite(seconds) && seconds > 0 ? seconds : 1800, 3600) * 1000,
        table,
      })
    }
    const all = store.list(resource, namespace).filter(matches)
    const limit = Number(query.get('limit') ?? 0)
    const from = decodeContinue(query.get('continue'))
    const page = limit > 0 ? all.slice(from, from + limit) : all.slice(from)
    const version = String(store.version)
    const remaining = all.length - from - page.length
    const metadata = {
      resourceVersion: version,
      ...(remaining > 0 && {
        continue: Buffer.from(JSON.stringify({ start: from + page.length })).toString('base64url'),
        remainingItemCount: remaining,
      }),
    }
    if (table !== false) {
      const answer = toTable(resource, page, version, table, Date.now())
      return send(response, 200, { ...answer, metadata })
    }
    const { kind, apiVersion } = resources[resource]
    send(response, 200, { kind: `${kind}List`, apiVersion, metadata, items: page })
  }

  private write(
    cluster: KubernetesCluster,
    target: Target,
    query: URLSearchParams,
    request: IncomingMessage,
    body: unknown,
  ): { status: number; body: unknown } {
    const { store } = cluster
    const { resource, name } = target
    const ok = (answer: unknown) => ({ status: 200, body: answer })
    const namespace = target.namespace ?? ''
    const dryRun = query.get('dryRun') === 'All'
    if (resource === 'pods' && request.method === 'DELETE' && name) {
      const pod = store.get('pods', namespace, name)
      if (!pod) throw notFound('pods', name)
      if (!dryRun) cluster.pods.delete(pod, null)
      return ok(store.get('pods', namespace, name) ?? pod)
    }
    if (resource !== 'deployments' || !name || (request.method !== 'PATCH' && request.method !== 'PUT'))
      throw new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource')
    const manager = query.get('fieldManager')
    if (isApply(request) && !target.subresource) {
      if (!store.get('namespaces', '', namespace)) throw notFound('namespaces', namespace)
      const force = query.get('force') === 'true'
      const { created, to } = applyDeployment(store, body, { namespace, name, manager, force, dryRun })
      return { status: created ? 201 : 200, body: to }
    }
    const by = manager ?? (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown'
    const old = requireDeployment(store, namespace, name)
    const scale = target.subresource === 'scale'
    if (target.subresource && !scale)
      throw new StatusError(404, 'NotFound', 'the server could not find the requested resource')
    const present = scale ? scaleOf(old) : old
    const contentType = request.headers['content-type'] ?? ''
    // A patch without a resourceVersion of its own carries the present one and so never conflicts.
    const wanted = request.method === 'PUT' ? body : applyPatch(present, contentType, body)
    if (scale) return ok(scaleOf(writeScale(store, old, wanted, dryRun, by)))
    return ok(writeDeployment(store, old, wanted, dryRun, by))
  }

  private record(
    cluster: KubernetesCluster,
    target: Target,
    operation: string,
    query: URLSearchParams,
    body: unknown,
    effective: boolean,
    answered: 'ok' | 'error' | 'none',
    status: number | null,
  ): void {
    this.log.append({
      service: 'kubernetes',
      operation,
      parameters: {
        region: cluster.region,
        namespace: target.namespace,
        name: target.name,
        fieldManager: query.get('fieldManager'),
        dryRun: query.get('dryRun') !== null,
        body,
      },
      effective,
      answered,
      status,
    })
  }
}

function parsePath(path: string): Target | null {
  const match =
    /^\/(?:api\/(v1)|apis\/(apps\/v1))(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+)(?:\/([a-z]+))?)?$/.exec(path)
  const only = /^\/api\/v1\/namespaces(?:\/([^/]+))?$/.exec(path)
  if (only) return { resource: 'namespaces', namespace: null, name: only[1] ?? null, subresource: null }
  const node = /^\/api\/v1\/nodes(?:\/([^/]+))?$/.exec(path)
  if (node) return { resource: 'nodes', namespace: null, name: node[1] ?? null, subresource: null }
  if (!match) return null
  const [, core, apps, namespace, resource = '', name, subresource] = match
  if (!Object.hasOwn(resources, resource)) return null
  const known = resource as Resource
  if (resources[known].apiVersion !== (core ?? apps)) return null
  return {
    resource: known,
    namespace: namespace ? decodeURIComponent(namespace) : null,
    name: name ? decodeURIComponent(name) : null,
    subresource: subresource ?? null,
  }
}

/** Name of the operation in faults and in the log: `ListPods`, `WatchPods`, `PatchDeployment`, `PatchDeploymentScale`. */
function operationName(target: Target, query: URLSearchParams, method: string): string {
  const { kind } = resources[target.resource]
  const watch = query.get('watch') === 'true' || query.get('watch') === '1'
  if (method === 'GET' && target.name === null) return `${watch ? 'Watch' : 'List'}${kind}s`
  const verb = { GET: 'Get', PATCH: 'Patch', PUT: 'Update', DELETE: 'Delete', POST: 'Create' }[method] ?? method
  const sub = target.subresource ? (target.subresource[0] ?? '').toUpperCase() + target.subresource.slice(1) : ''
  return `${verb}${kind}${sub}`
}

function versionOf(text: string | null): number {
  const version = Number(text ?? 0)
  if (!Number.isInteger(version) || version < 0)
    throw new StatusError(400, 'BadRequest', `invalid resource version ${JSON.stringify(text)}`)
  return version
}

function decodeContinue(text: string | null): number {
  if (!text) return 0
  try {
    const { start } = JSON.parse(Buffer.from(text, 'base64url').toString()) as { start: unknown }
    if (Number.isInteger(start)) return start as number
  } catch {
    // falls through to the refusal
  }
  throw new StatusError(400, 'BadRequest', 'continue key is not valid')
}

/** Lets a fault happen to the caller; a hang keeps the connection open without a byte. */
function strike(fault: ApiFault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'hang':
    case 'stale-describes':
      break
    case 'reset':
      // Not resetAndDestroy: a TLS socket has no handle for it. The client reads ECONNRESET all the same.
      response.socket?.destroy()
      break
    case 'spoilt-reply':
      sendSpoilt(response, fault.how)
      break
    case 'error-500':
      fail(response, new StatusError(500, 'InternalError', 'Internal error occurred: etcdserver: request timed out'))
      break
    case 'throttle':
      response.setHeader('retry-after', '1')
      fail(response, new StatusError(429, 'TooManyRequests', 'the server has received too many requests'))
      break
    case 'expired-token':
      fail(response, new StatusError(401, 'Unauthorized', 'Unauthorized'))
      break
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

function fail(response: ServerResponse, error: unknown): void {
  const refusal =
    error instanceof StatusError
      ? error
      : new StatusError(500, 'InternalError', `Internal error occurred: ${String(error)}`)
  if (response.headersSent) response.destroy()
  else send(response, refusal.code, refusal.toStatus())
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyLimit)
      throw new StatusError(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const isApply = (request: IncomingMessage): boolean =>
  request.method === 'PATCH' && (request.headers['content-type'] ?? '').split(';')[0]?.trim() === applyType

async function readBody(request: IncomingMessage, yaml: boolean): Promise<unknown> {
  const bytes = await readBytes(request)
  if (bytes.length === 0) return null
  if (yaml) return readApplied(bytes.toString('utf8'))
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new StatusError(400, 'BadRequest', 'the body of the request is not JSON')
  }
}
