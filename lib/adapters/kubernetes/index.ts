import type { V1Deployment, V1Pod, V1SelfSubjectAccessReview } from '@kubernetes/client-node'
import { deploymentPatch } from '../../domain/procedure/render'
import type { Misfits, Proved } from '../../ports/fits'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import type { Workloads } from '../../ports/workloads'
import { KubeHttp } from './http'
import { ownersOf } from './owners'
import { defaultWatchLimits, type WatchLimits } from './reflector'
import { isAsWanted, runningPods, selectorOf, toState, toView } from './view'
import { watchWorkload } from './watch'

interface KubernetesSettings {
  /** Path of a kubeconfig file; read once. */
  kubeconfig: string
  context: string
  /** Asked with the address of the API; what it answers is why we may not go there. */
  refuse?: (server: string) => string | null
  /** Variable that names the database's host; DATABASE_HOST unless configured. */
  hostVariable?: string
  requestMs?: number
  watch?: Partial<WatchLimits>
}

/** Every member of the patch is one of a deployment's own: Kubernetes drops what it does not know. */
export type PatchFits = Proved<Misfits<ReturnType<typeof deploymentPatch>, V1Deployment>>

/** How often a change that met another's is sent again. */
const conflictsBorne = 2

/** Who our changes are recorded as in the managed fields. */
const fieldManager = 'castmatch-warroom'

/**
 * Kubernetes by its API. Throws at once when the kubeconfig cannot be read, lacks the context or leads where it may not; all methods throw
 * PortError. Annotations are those of the deployment itself, so that setting one alone rolls nothing out.
 */
export function createKubernetes(settings: KubernetesSettings): Workloads {
  const http = new KubeHttp(settings.kubeconfig, settings.context)
  const refused = settings.refuse?.(http.server.href)
  if (refused) throw new Error(refused)
  const requestMs = settings.requestMs ?? 8_000
  const hostVariable = settings.hostVariable ?? 'DATABASE_HOST'
  const pathOf = (namespace: string, deployment: string) =>
    `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments/${encodeURIComponent(deployment)}`
  const get = (namespace: string, deployment: string) =>
    http.json<V1Deployment>(
      { method: 'GET', path: pathOf(namespace, deployment) },
      { kind: 'Deployment', name: deployment },
      requestMs,
    )

  return {
    watch: (namespace, deployment) =>
      watchWorkload(http, namespace, deployment, hostVariable, { ...defaultWatchLimits, ...settings.watch }),

    async read(namespace, deployment) {
      const found = await get(namespace, deployment)
      const pods = await http.json<{ items: V1Pod[] }>(
        {
          method: 'GET',
          path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
          query: { labelSelector: selectorOf(found) },
        },
        { kind: 'PodList' },
        requestMs,
      )
      return { ...toView(found, pods.items, hostVariable), ...toState(found), running: runningPods(pods.items) }
    },

    async patchEnv(namespace, deployment, change) {
      const send = () =>
        http.json<V1Deployment>(
          {
            method: 'PATCH',
            path: pathOf(namespace, deployment),
            query: { fieldManager },
            contentType: 'application/strategic-merge-patch+json',
            // The very patch that was shown.
            body: deploymentPatch(change),
          },
          { kind: 'Deployment', name: deployment },
          requestMs,
        )
      for (let left = conflictsBorne; ; left -= 1) {
        try {
          return toState(await send())
        } catch (error) {
          const conflict =
            error instanceof PortError && error.errorClass === 'state' && error.detail.outcome === 'rejected'
          if (!conflict || left === 0) throw error
          const state = toState(await get(namespace, deployment))
          if (isAsWanted(state, change)) return state
        }
      }
    },

    async scale(namespace, deployment, replicas) {
      await http.json(
        {
          method: 'PATCH',
          path: `${pathOf(namespace, deployment)}/scale`,
          query: { fieldManager },
          contentType: 'application/merge-patch+json',
          body: { spec: { replicas } },
        },
        { kind: 'Scale', name: deployment },
        requestMs,
      )
    },

    async owners(namespace, deployment) {
      return await ownersOf(http, await get(namespace, deployment), namespace, requestMs)
    },

    async canI(verb, resource, namespace) {
      // "deployments.apps/scale": resource, API group and subresource.
      const [name = '', subresource] = resource.split('/')
      const [plain = '', ...group] = name.split('.')
      const apps = ['deployments', 'replicasets', 'statefulsets'].includes(plain)
      const review = await http.json<V1SelfSubjectAccessReview>(
        {
          method: 'POST',
          path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: {
              resourceAttributes: {
                namespace,
                verb,
                resource: plain,
                group: group.join('.') || (apps ? 'apps' : ''),
                ...(subresource ? { subresource } : {}),
              },
            },
          },
        },
        { kind: 'SelfSubjectAccessReview' },
        requestMs,
        false,
      )
      if (typeof review.status?.allowed !== 'boolean') throw unreadableAnswer('Kubernetes', 201, false)
      return review.status.allowed
    },
  }
}
