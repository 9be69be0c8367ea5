import type { ServerResponse } from 'node:http'
import type { Selector } from './selectors'
import type { Change, ObjectStore } from './store'
import { toTable } from './table'
import { type KubeObject, type Resource, resources, StatusError } from './types'

export interface WatchOptions {
  resource: Resource
  namespace: string | null
  matches: Selector
  since: number
  bookmarks: boolean
  timeoutMs: number
  /** `includeObject` when the client wants tables, null otherwise. */
  table: string | null | false
}

const bookmarkEveryMs = 5000

/** Streams changes, one JSON document a line, until the time limit, the client's leaving, or 410 Expired. */
export function serveWatch(store: ObjectStore, response: ServerResponse, options: WatchOptions): void {
  const { resource, namespace, matches } = options
  let headers = true
  const encode = (object: KubeObject) => {
    if (options.table === false) return object
    const table = toTable(resource, [object], object.metadata.resourceVersion, options.table, Date.now(), headers)
    headers = false
    return table
  }
  const send = (type: string, object: unknown) => {
    // A timer may fire between the end of the answer and its close.
    if (!response.writableEnded) response.write(`${JSON.stringify({ type, object })}\n`)
  }
  const fits = (object: KubeObject) =>
    (namespace === null || object.metadata.namespace === namespace) && matches(object)
  const relay = (change: Change) => {
    if (change.resource !== resource) return
    const now = change.type !== 'DELETED' && fits(change.object)
    const before = change.previous !== null && fits(change.previous)
    if (now) send(before ? 'MODIFIED' : 'ADDED', encode(change.object))
    else if (before) {
      // A client resumes from the version of the deletion, not from that of the object's last state.
      const metadata = { ...(change.previous ?? change.object).metadata, resourceVersion: String(change.version) }
      send('DELETED', encode({ ...(change.previous ?? change.object), metadata }))
    }
  }
  let missed: Change[]
  try {
    missed = options.since === 0 ? [] : store.since(resource, options.since)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    response.writeHead(200, { 'content-type': 'application/json' })
    send('ERROR', error.toStatus())
    response.end()
    return
  }
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.flushHeaders()
  if (options.since === 0)
    for (const object of store.list(resource, namespace)) if (matches(object)) send('ADDED', encode(object))
  for (const change of missed) relay(change)
  const expire = () => {
    send(
      'ERROR',
      new StatusError(410, 'Expired', `too old resource version: ${options.since} (${store.version})`).toStatus(),
    )
    response.end()
  }
  const bookmark = () => {
    const { kind, apiVersion } = resources[resource]
    const metadata = { resourceVersion: String(store.version), creationTimestamp: null }
    if (options.bookmarks && options.table === false) send('BOOKMARK', { kind, apiVersion, metadata })
  }
  const timer = setInterval(bookmark, bookmarkEveryMs)
  const limit = setTimeout(() => {
    bookmark()
    response.end()
  }, options.timeoutMs)
  const detach = () => {
    clearInterval(timer)
    clearTimeout(limit)
    store.off('change', relay)
    store.off('expire', expire)
  }
  const drop = () => response.socket?.destroy()
  const silence = () => {
    detach()
    store.on('drop', drop)
  }
  store.on('change', relay)
  store.on('expire', expire)
  store.on('silence', silence)
  response.on('close', () => {
    detach()
    store.off('silence', silence)
    store.off('drop', drop)
  })
}
