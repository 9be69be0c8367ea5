import { fieldsOf, Owners } from './managed-fields'
import { jsonPatch, mergePatch, strategicPatch } from './patch'
import type { ObjectStore } from './store'
import { type Container, type Deployment, notFound, StatusError, timestamp } from './types'

const patchTypes: Record<string, (target: unknown, patch: unknown) => unknown> = {
  'application/strategic-merge-patch+json': strategicPatch,
  'application/merge-patch+json': mergePatch,
  'application/json-patch+json': jsonPatch,
}

/** Applies a patch of the given content type. Throws StatusError 415 for a type that is not supported. */
export function applyPatch(target: unknown, contentType: string, patch: unknown): unknown {
  const apply = patchTypes[contentType.split(';')[0]?.trim() ?? '']
  if (!apply)
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchTypes).join(', ')}`,
    )
  return apply(structuredClone(target), patch)
}

/**
 * Stores what a caller wants a deployment to be: server-owned fields stay, the generation rises when the spec changed.
 * Throws StatusError 404, 409 when the caller's resourceVersion is old, 422 when the object is not valid.
 */
export function writeDeployment(
  store: ObjectStore,
  old: Deployment,
  wanted: unknown,
  dryRun: boolean,
  /** Who owns its fields afterwards, or who has changed them. */
  by: Owners | string = 'unknown',
  created = false,
): Deployment {
  const next = validDeployment(old, wanted)
  const version = next.metadata.resourceVersion
  if (version && version !== old.metadata.resourceVersion)
    throw new StatusError(
      409,
      'Conflict',
      `Operation cannot be fulfilled on deployments.apps "${old.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
      { name: old.metadata.name, group: 'apps', kind: 'deployments' },
    )
  const changed = created || JSON.stringify(old.spec) !== JSON.stringify(next.spec)
  const { labels, annotations } = next.metadata
  const stored: Deployment = {
    ...old,
    metadata: {
      ...old.metadata,
      labels: labels ?? {},
      annotations: annotations ?? {},
      generation: (old.metadata.generation ?? 1) + (changed ? 1 : 0),
      managedFields: (typeof by === 'string' ? changedBy(by, old, next) : by).write('apps/v1', timestamp(Date.now())),
    },
    spec: next.spec,
  }
  const untouched =
    !changed &&
    typeof by === 'string' &&
    JSON.stringify([labels ?? {}, annotations ?? {}]) ===
      JSON.stringify([old.metadata.labels ?? {}, old.metadata.annotations ?? {}])
  // A write that changes nothing keeps its version, as on a real API server.
  return dryRun ? stored : untouched ? old : store.put('deployments', stored)
}

/** Whoever changes a field owns it, and nobody else does any more. */
function changedBy(manager: string, old: Deployment, next: Deployment): Owners {
  const owners = Owners.read(old.metadata.managedFields)
  const [before, after] = [fieldsOf(old), fieldsOf(next)]
  const own = new Set(owners.of('Update', manager))
  for (const [path, value] of after) {
    if (JSON.stringify(before.get(path)) === JSON.stringify(value)) continue
    owners.takeOver(path, 'Update', manager)
    own.add(path)
  }
  for (const path of before.keys()) {
    if (after.has(path)) continue
    owners.takeOver(path, 'Update', manager)
    own.delete(path)
  }
  owners.set('Update', manager, own)
  return owners
}

function validDeployment(old: Deployment, wanted: unknown): Deployment {
  const problems: string[] = []
  const next = wanted as Partial<Deployment> | null
  const spec = next?.spec
  if (next?.metadata?.name !== old.metadata.name) problems.push('metadata.name: Invalid value: field is immutable')
  if (!Number.isInteger(spec?.replicas) || (spec?.replicas ?? -1) < 0)
    problems.push(`spec.replicas: Invalid value: ${JSON.stringify(spec?.replicas)}: must be greater than or equal to 0`)
  if ((spec?.replicas ?? 0) > 100) problems.push('spec.replicas: Invalid value: the lab runs at most 100 pods')
  if (JSON.stringify(spec?.selector) !== JSON.stringify(old.spec.selector))
    problems.push('spec.selector: Invalid value: field is immutable')
  const containers = spec?.template?.spec?.containers
  const initContainers = spec?.template?.spec?.initContainers ?? []
  if (!Array.isArray(containers) || containers.length === 0)
    problems.push('spec.template.spec.containers: Required value')
  else if (!Array.isArray(initContainers)) problems.push('spec.template.spec.initContainers: must be a list')
  else {
    const names = new Set<string>()
    const check = (container: Container, at: string) => {
      if (!container.name) problems.push(`${at}.name: Required value`)
      else if (names.has(container.name)) problems.push(`${at}.name: Duplicate value: "${container.name}"`)
      names.add(container.name)
      if (!container.image) problems.push(`${at}.image: Required value`)
      if (container.env && !Array.isArray(container.env)) problems.push(`${at}.env: must be a list`)
      else
        for (const variable of container.env ?? [])
          if (!variable.name || (variable.value !== undefined && typeof variable.value !== 'string'))
            problems.push(`${at}.env: a variable needs a name and a value that is a string`)
          else if (variable.value && variable.valueFrom)
            problems.push(`${at}.env.valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`)
    }
    containers.forEach((container, index) => {
      check(container, `spec.template.spec.containers[${index}]`)
    })
    initContainers.forEach((container, index) => {
      check(container, `spec.template.spec.initContainers[${index}]`)
    })
  }
  const labels = spec?.template?.metadata?.labels ?? {}
  for (const [key, value] of Object.entries(old.spec.selector.matchLabels))
    if (labels[key] !== value)
      problems.push('spec.template.metadata.labels: `selector` does not match template `labels`')
  if (problems.length > 0)
    throw new StatusError(422, 'Invalid', `Deployment.apps "${old.metadata.name}" is invalid: ${problems.join(', ')}`, {
      name: old.metadata.name,
      group: 'apps',
      kind: 'Deployment',
      causes: problems.map((message) => ({ reason: 'FieldValueInvalid', message })),
    })
  return next as Deployment
}

/** The `Scale` of a deployment, autoscaling/v1. */
export function scaleOf(deployment: Deployment): Record<string, unknown> {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = deployment.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: deployment.spec.replicas },
    status: {
      replicas: deployment.status.replicas ?? 0,
      selector: Object.entries(deployment.spec.selector.matchLabels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    },
  }
}

/** Writes a deployment's replicas from a `Scale`. Throws as `writeDeployment`. */
export function writeScale(
  store: ObjectStore,
  old: Deployment,
  wanted: unknown,
  dryRun: boolean,
  by = 'unknown',
): Deployment {
  const scale = wanted as { metadata?: { resourceVersion?: string }; spec?: { replicas?: number } } | null
  const resourceVersion = scale?.metadata?.resourceVersion ?? ''
  const replicas = scale?.spec?.replicas ?? 0
  return writeDeployment(
    store,
    old,
    { ...old, metadata: { ...old.metadata, resourceVersion }, spec: { ...old.spec, replicas } },
    dryRun,
    by,
  )
}

export function requireDeployment(store: ObjectStore, namespace: string, name: string): Deployment {
  const found = store.get('deployments', namespace, name)
  if (!found) throw notFound('deployments', name, 'apps')
  return found
}
