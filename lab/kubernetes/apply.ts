import { randomUUID } from 'node:crypto'
import { loadYaml } from '@kubernetes/client-node'
import { fieldsOf, merged, Owners, pathWords, removalOrder, without } from './managed-fields'
import type { ObjectStore } from './store'
import { type Deployment, StatusError, timestamp } from './types'
import { writeDeployment } from './writes'

export const applyType = 'application/apply-patch+yaml'

/** The body of a server-side apply: YAML, of which JSON is a part. Throws StatusError 400. */
export function readApplied(text: string): unknown {
  try {
    return loadYaml(text)
  } catch {
    throw new StatusError(400, 'BadRequest', 'error decoding YAML: the body of the request is no YAML')
  }
}

interface Apply {
  namespace: string
  name: string
  manager: string | null
  force: boolean
  dryRun: boolean
}

/**
 * Server-side apply of a deployment, made when there is none: fields of other managers with another value are a conflict
 * unless it is forced, and what this manager applied before and leaves out now goes when nobody else owns it.
 * Throws StatusError 400 without a manager or of another object, 409 with every conflict, 422 when the result is not valid.
 */
export function applyDeployment(store: ObjectStore, body: unknown, apply: Apply): { created: boolean; to: Deployment } {
  const { manager, name, namespace } = apply
  if (!manager)
    throw new StatusError(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  const wanted = (body ?? {}) as Partial<Deployment>
  if (wanted.apiVersion !== 'apps/v1' || wanted.kind !== 'Deployment')
    throw new StatusError(400, 'BadRequest', 'the apiVersion and kind of the object are not those of the resource')
  if (wanted.metadata?.name !== name || (wanted.metadata?.namespace ?? namespace) !== namespace)
    throw new StatusError(400, 'BadRequest', 'the name or namespace of the object does not match the one of the URL')
  if ('managedFields' in wanted.metadata) throw new StatusError(400, 'BadRequest', 'metadata.managedFields must be nil')
  const applied = fieldsOf(wanted)
  const found = store.get('deployments', namespace, name)
  if (!found) return { created: true, to: create(store, wanted, apply, applied, manager) }

  const live = fieldsOf(found)
  const owners = Owners.read(found.metadata.managedFields)
  const conflicts = [...applied].flatMap(([path, value]) =>
    JSON.stringify(live.get(path)) === JSON.stringify(value)
      ? []
      : owners.othersOf(path, 'Apply', manager).map((other) => ({ path, other })),
  )
  if (conflicts.length > 0 && !apply.force) throw conflictError(conflicts)
  for (const { path } of conflicts) owners.takeOver(path, 'Apply', manager)
  const next = merged(structuredClone(found), wanted) as Deployment
  for (const path of removalOrder(owners.of('Apply', manager)))
    if (!applied.has(path) && owners.othersOf(path, 'Apply', manager).length === 0) without(next, path)
  owners.set('Apply', manager, applied.keys())
  next.metadata.resourceVersion = wanted.metadata.resourceVersion ?? ''
  return { created: false, to: writeDeployment(store, found, next, apply.dryRun, owners) }
}

function create(
  store: ObjectStore,
  wanted: Partial<Deployment>,
  { namespace, name, dryRun }: Apply,
  applied: Map<string, unknown>,
  manager: string,
): Deployment {
  const now = timestamp(Date.now())
  const owners = Owners.read(undefined)
  owners.set('Apply', manager, applied.keys())
  const spec = { replicas: 1, progressDeadlineSeconds: 600, revisionHistoryLimit: 10, ...wanted.spec }
  const empty = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace,
      uid: randomUUID(),
      resourceVersion: '',
      generation: 0,
      creationTimestamp: now,
    },
    spec,
    status: {},
  } as Deployment
  const metadata = { ...empty.metadata, ...wanted.metadata }
  return writeDeployment(store, empty, { ...empty, metadata, spec }, dryRun, owners, true)
}

function conflictError(conflicts: { path: string; other: string }[]): StatusError {
  const count = `${conflicts.length} ${conflicts.length === 1 ? 'conflict' : 'conflicts'}`
  const [first] = conflicts
  const list =
    conflicts.length === 1 && first
      ? `conflict with "${first.other}": ${pathWords(first.path)}`
      : `conflicts with ${conflicts.map(({ path, other }) => `"${other}": ${pathWords(path)}`).join(', ')}`
  return new StatusError(409, 'Conflict', `Apply failed with ${count}: ${list}`, {
    causes: conflicts.map(({ path, other }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${other}"`,
      field: pathWords(path),
    })),
  })
}
