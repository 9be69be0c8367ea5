import type { V1Deployment, V1Node, V1ObjectMeta, V1Pod } from '@kubernetes/client-node'
import type { StartingPod } from '../../domain/application/pods'
import { quantityOf, requestsOf } from '../../domain/application/room'
import { appliedKinds, type Manifest } from '../../domain/procedure/apply-call'
import type { Application } from '../../ports/application'
import { partlyDone } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { KubeHttp } from './http'
import { createKubernetes } from './index'
import { ownersOf } from './owners'
import { environmentsOf, rolloutOf, selectorOf } from './view'

interface ApplicationSettings {
  /** Path of a kubeconfig file; read once. */
  kubeconfig: string
  context: string
  /** Asked with the address of the API; what it answers is why we may not go there. */
  refuse?: (server: string) => string | null
  requestMs?: number
}

const core = { Secret: 'secrets', ConfigMap: 'configmaps' } as const

/** Where the API has an object of a manifest. */
export function pathOfObject(namespace: string, { kind, metadata }: Manifest): string {
  const { apiVersion, plural } = appliedKinds[kind]
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return `${group}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(metadata.name)}`
}

/**
 * The cluster in which the application is started, by its API. Throws at once when the kubeconfig cannot be read, lacks the context or
 * leads where it may not; all methods throw PortError.
 */
export function createApplication(settings: ApplicationSettings): Application {
  const http = new KubeHttp(settings.kubeconfig, settings.context)
  const refused = settings.refuse?.(http.server.href)
  if (refused) throw new Error(refused)
  const requestMs = settings.requestMs ?? 8_000
  const { canI } = createKubernetes(settings)
  const namespaced = (namespace: string, rest: string) => `/namespaces/${encodeURIComponent(namespace)}/${rest}`
  const getDeployment = (namespace: string, name: string) =>
    http.json<V1Deployment>(
      { method: 'GET', path: `/apis/apps/v1${namespaced(namespace, `deployments/${encodeURIComponent(name)}`)}` },
      { kind: 'Deployment', name },
      requestMs,
    )
  const podsAt = (path: string, query?: Record<string, string>) =>
    http.json<{ items: V1Pod[] }>({ method: 'GET', path, query }, { kind: 'PodList' }, requestMs)

  return {
    context: settings.context,

    async deployment(namespace, name) {
      const found = await orNull(() => getDeployment(namespace, name))
      if (!found) return null
      const { items } = await podsAt(`/api/v1${namespaced(namespace, 'pods')}`, { labelSelector: selectorOf(found) })
      const { rollout, detail } = rolloutOf(found)
      return {
        replicas: found.spec?.replicas ?? 1,
        ready: found.status?.readyReplicas ?? 0,
        rollout,
        rolloutDetail: detail,
        annotations: found.metadata?.annotations ?? {},
        containers: environmentsOf(found.spec?.template.spec),
        pods: items.filter(isAlive).map(startingPod),
      }
    },

    async annotations(namespace, object) {
      const found = await orNull(() =>
        http.json<{ metadata?: V1ObjectMeta }>(
          { method: 'GET', path: pathOfObject(namespace, object) },
          { kind: object.kind, name: object.metadata.name },
          requestMs,
        ),
      )
      return found && (found.metadata?.annotations ?? {})
    },

    async exists(namespace, kind, name) {
      const found = await orNull(() =>
        http.json(
          {
            method: 'GET',
            path: `/api/v1${namespaced(namespace, `${core[kind]}/${encodeURIComponent(name)}`)}`,
            // What it holds stays where it is.
            accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
          },
          { kind: 'PartialObjectMetadata', name },
          requestMs,
        ),
      )
      return found !== null
    },

    owners: async (namespace, deployment) => {
      const found = await orNull(() => getDeployment(namespace, deployment))
      return found
        ? await ownersOf(http, found, namespace, requestMs)
        : { keeper: null, autoscaler: { known: true, is: null } }
    },

    canI,

    async room() {
      const [nodes, pods] = await Promise.all([
        http.json<{ items: V1Node[] }>({ method: 'GET', path: '/api/v1/nodes' }, { kind: 'NodeList' }, requestMs),
        podsAt('/api/v1/pods'),
      ])
      const placed = pods.items.filter(({ spec, status }) => spec?.nodeName && !hasEnded(status?.phase))
      return {
        nodes: nodes.items.map(({ metadata, spec, status }) => {
          const own = placed.filter((pod) => pod.spec?.nodeName === metadata?.name)
          const asked = own.map((pod) => requestsOf((pod.spec ?? {}) as Parameters<typeof requestsOf>[0]))
          const sum = (of: 'cpu' | 'memory') => asked.reduce((total, one) => total + one[of], 0)
          const has = (name: string) => quantityOf(status?.allocatable?.[name]) ?? 0
          return {
            name: metadata?.name ?? '',
            takesPods:
              !spec?.unschedulable && (status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True'),
            allocatable: { cpu: has('cpu'), memory: has('memory'), pods: has('pods') },
            requested: { cpu: sum('cpu'), memory: sum('memory'), pods: own.length },
          }
        }),
      }
    },

    async apply({ namespace, fieldManager, objects }, mayGoOn) {
      let applied = 0
      for (const object of objects)
        try {
          mayGoOn()
          await http.json(
            {
              method: 'PATCH',
              path: pathOfObject(namespace, object),
              query: { fieldManager, force: 'true' },
              contentType: 'application/apply-patch+yaml',
              // The very object that was shown.
              body: object,
            },
            { kind: object.kind, name: object.metadata.name },
            requestMs,
          )
          applied += 1
        } catch (error) {
          throw applied > 0 ? partlyDone(error) : error
        }
      return { applied }
    },
  }
}

/** What is not there is no error here. */
async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof PortError && error.errorClass === 'missing') return null
    throw error
  }
}

const hasEnded = (phase: string | undefined) => phase === 'Failed' || phase === 'Succeeded'
const isAlive = ({ metadata, status }: V1Pod) => !metadata?.deletionTimestamp && !hasEnded(status?.phase)

function startingPod({ metadata, spec, status }: V1Pod): StartingPod {
  const condition = (type: string) => status?.conditions?.find((one) => one.type === type)
  const placed = condition('PodScheduled')
  return {
    name: metadata?.name ?? '',
    ready: condition('Ready')?.status === 'True',
    unplaced: placed?.status === 'False' ? (placed.message ?? placed.reason ?? 'no reason is given') : null,
    containers: [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(
      ({ name, state, restartCount }) =>
        // An init container that has done its work is no part of what is waited for.
        state?.terminated?.exitCode === 0 && status?.initContainerStatuses?.some((init) => init.name === name)
          ? []
          : [
              {
                name,
                running: state?.running !== undefined,
                waiting: state?.waiting
                  ? { reason: state.waiting.reason ?? 'Unknown', message: state.waiting.message ?? '' }
                  : null,
                restarts: restartCount,
              },
            ],
    ),
    environments: environmentsOf(spec),
  }
}
