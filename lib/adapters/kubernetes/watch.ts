import type { V1Deployment, V1Pod } from '@kubernetes/client-node'
import type { WorkloadView } from '../../domain/cluster/types'
import type { PortError } from '../../ports/port-error'
import type { WorkloadWatch } from '../../ports/workloads'
import type { KubeHttp } from './http'
import { Reflector, type WatchLimits } from './reflector'
import { selectorOf, toView } from './view'

/** Watches one deployment and, once its selector is known, its pods. */
export function watchWorkload(
  http: KubeHttp,
  namespace: string,
  deployment: string,
  hostVariable: string,
  limits: WatchLimits,
): WorkloadWatch {
  const listeners = new Set<() => void>()
  const ns = encodeURIComponent(namespace)
  let pods: { selector: string; reflector: Reflector<V1Pod> } | null = null
  let stopped = false
  let view: WorkloadView | null = null
  let missingSince: number | null = null
  // Failures by source: the view is as good as the worse of the two.
  const health = {
    deployment: { heardAt: null as number | null, error: null as string | null, since: null as number | null },
    pods: { heardAt: null as number | null, error: null as string | null, since: null as number | null },
  }

  const tell = () => {
    for (const listener of listeners) listener()
  }
  const events = (of: keyof typeof health, changed: () => void) => ({
    changed,
    heard() {
      const recovered = health[of].error !== null
      health[of] = { heardAt: Date.now(), error: null, since: null }
      if (recovered) tell()
    },
    failed(error: PortError) {
      const now = Date.now()
      health[of] = { ...health[of], error: error.message, since: health[of].since ?? now }
      tell()
    },
  })

  const render = () => {
    const found = deployments.objects.get(deployment)
    if (!found && deployments.listed) {
      view = null
      missingSince ??= Date.now()
    } else missingSince = null
    if (found && pods?.reflector.listed) {
      view = toView(found, [...pods.reflector.objects.values()], hostVariable)
    }
    tell()
  }

  const deployments = new Reflector<V1Deployment>(
    http,
    'Deployment',
    `/apis/apps/v1/namespaces/${ns}/deployments`,
    { fieldSelector: `metadata.name=${deployment}` },
    limits,
    events('deployment', () => {
      const found = deployments.objects.get(deployment)
      const selector = found ? selectorOf(found) : null
      if (selector && selector !== pods?.selector && !stopped) {
        pods?.reflector.stop()
        const reflector = new Reflector<V1Pod>(
          http,
          'Pod',
          `/api/v1/namespaces/${ns}/pods`,
          { labelSelector: selector },
          limits,
          events('pods', render),
        )
        pods = { selector, reflector }
        void reflector.run()
      }
      render()
    }),
  )
  void deployments.run()

  return {
    current() {
      const { deployment: d, pods: p } = health
      const heard = d.heardAt !== null && p.heardAt !== null ? Math.min(d.heardAt, p.heardAt) : null
      const since = d.since !== null && p.since !== null ? Math.min(d.since, p.since) : (d.since ?? p.since)
      const missing = missingSince === null ? null : `There is no deployment ${deployment} in namespace ${namespace}.`
      return {
        view,
        observedAt: view ? heard : null,
        error: d.error ?? missing ?? p.error,
        failingSince: since ?? missingSince,
      }
    },
    onChange(listener) {
      listeners.add(listener)
    },
    stop() {
      stopped = true
      listeners.clear()
      deployments.stop()
      pods?.reflector.stop()
    },
  }
}
