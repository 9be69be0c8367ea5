import { StatusError } from './types'

export type Tree = Record<string, unknown>
export const isTree = (value: unknown): value is Tree =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** Lists whose items are known by a key, however they are merged: the API's `patchMergeKey` and `listMapKey` agree on these. */
export const keyedLists: Record<string, string> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
}
/** Lists that strategic merge joins by a key instead of replacing, from the API's `patchMergeKey` tags. */
const mergeKeys: Record<string, string> = {
  ...keyedLists,
  hostAliases: 'ip',
  conditions: 'type',
  ownerReferences: 'uid',
}

/** JSON merge patch, RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch
  const result: Tree = isTree(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}

/** Kubernetes strategic merge patch: lists with a merge key are merged by it; directives are honoured. */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch
  if (patch.$patch === 'replace') {
    const { $patch: _, ...rest } = patch
    return rest
  }
  const result: Tree = isTree(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$patch' || key.startsWith('$setElementOrder/')) continue
    if (key === '$retainKeys') {
      const kept = value as string[]
      for (const existing of Object.keys(result)) if (!kept.includes(existing)) delete result[existing]
      continue
    }
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const name = key.slice('$deleteFromPrimitiveList/'.length)
      const gone = value as unknown[]
      result[name] = ((result[name] as unknown[] | undefined) ?? []).filter((item) => !gone.includes(item))
      continue
    }
    if (value === null) {
      delete result[key]
    } else if (Array.isArray(value) && mergeKeys[key] && value.every(isTree)) {
      result[key] = mergeList(result[key], value, mergeKeys[key], patch[`$setElementOrder/${key}`])
    } else {
      result[key] = strategicPatch(result[key], value)
    }
  }
  return result
}

function mergeList(target: unknown, patch: Tree[], key: string, order: unknown): Tree[] {
  if (patch.some((item) => item.$patch === 'replace' && item[key] === undefined))
    return patch.filter((item) => item.$patch !== 'replace')
  let result = Array.isArray(target) ? [...(target as Tree[])] : []
  for (const item of patch) {
    if (item[key] === undefined)
      throw new StatusError(422, 'Invalid', `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    const index = result.findIndex((existing) => existing[key] === item[key])
    if (item.$patch === 'delete') result = result.filter((existing) => existing[key] !== item[key])
    else if (index >= 0) result[index] = strategicPatch(result[index], item) as Tree
    else result.push(strategicPatch({}, item) as Tree)
  }
  if (!Array.isArray(order)) return result
  const rank = new Map((order as Tree[]).map((item, index) => [item[key], index]))
  // What the order does not name keeps its place after what it names.
  return result
    .map((item, index) => ({ item, at: rank.get(item[key]) ?? rank.size + index }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** JSON patch, RFC 6902. Throws StatusError 422 when an operation does not apply. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new StatusError(400, 'BadRequest', 'a JSON patch is a list of operations')
  let document = structuredClone(target)
  for (const operation of operations as Tree[]) document = applyOperation(document, operation)
  return document
}

function applyOperation(document: unknown, operation: Tree): unknown {
  const path = segments(operation.path)
  switch (operation.op) {
    case 'test':
      if (JSON.stringify(read(document, path)) !== JSON.stringify(operation.value))
        throw new StatusError(422, 'Invalid', `testing path ${String(operation.path)} failed`)
      return document
    case 'add':
      return write(document, path, operation.value, true)
    case 'replace':
      read(document, path)
      return write(document, path, operation.value, false)
    case 'remove':
      return drop(document, path)
    case 'copy':
      return write(document, path, structuredClone(read(document, segments(operation.from))), true)
    case 'move': {
      const moved = read(document, segments(operation.from))
      return write(drop(document, segments(operation.from)), path, moved, true)
    }
    default:
      throw new StatusError(400, 'BadRequest', `unknown JSON patch operation ${JSON.stringify(operation.op)}`)
  }
}

function segments(path: unknown): string[] {
  if (path === '') return []
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw new StatusError(400, 'BadRequest', `JSON patch path ${JSON.stringify(path)} must start with "/"`)
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function missing(path: string[]): StatusError {
  return new StatusError(422, 'Invalid', `the server rejected our request: path /${path.join('/')} does not exist`)
}

function read(document: unknown, path: string[]): unknown {
  let at = document
  for (const part of path) {
    const next = Array.isArray(at) ? at[Number(part)] : isTree(at) && Object.hasOwn(at, part) ? at[part] : undefined
    if (next === undefined) throw missing(path)
    at = next
  }
  return at
}

function write(document: unknown, path: string[], value: unknown, insert: boolean): unknown {
  if (path.length === 0) return value
  const parent = read(document, path.slice(0, -1))
  const last = path[path.length - 1] ?? ''
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last)
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw missing(path)
    parent.splice(index, insert ? 0 : 1, value)
  } else if (isTree(parent)) {
    // A name such as __proto__ must become a field, never the prototype.
    Object.defineProperty(parent, last, { value, enumerable: true, writable: true, configurable: true })
  } else throw missing(path)
  return document
}

function drop(document: unknown, path: string[]): unknown {
  read(document, path)
  const parent = read(document, path.slice(0, -1))
  const last = path[path.length - 1] ?? ''
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (isTree(parent)) delete parent[last]
  return document
}
