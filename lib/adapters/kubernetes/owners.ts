import type { V1Deployment, V2HorizontalPodAutoscaler } from '@kubernetes/client-node'
import { PortError } from '../../ports/port-error'
import type { DeploymentOwners } from '../../ports/workloads'
import type { KubeHttp } from './http'

/** Marks that a program leaves on what it keeps as its own source says, by label or annotation. */
const keepers: readonly { mark: string; name: string }[] = [
  { mark: 'argocd.argoproj.io/tracking-id', name: 'Argo CD' },
  { mark: 'argocd.argoproj.io/instance', name: 'Argo CD' },
  { mark: 'kustomize.toolkit.fluxcd.io/name', name: 'Flux' },
  { mark: 'helm.toolkit.fluxcd.io/name', name: 'Flux' },
  { mark: 'fleet.cattle.io/bundle-id', name: 'Fleet' },
]

/** The program that puts a changed deployment back as its source says; null when none has left its mark. */
export function keeperOf(d: V1Deployment): string | null {
  const marks = { ...d.metadata?.annotations, ...d.metadata?.labels }
  const known = keepers.find(({ mark }) => mark in marks)
  if (known) return known.name
  const manager = d.metadata?.labels?.['app.kubernetes.io/managed-by']
  return manager && /^(argo|flux|fleet)/i.test(manager) ? manager : null
}

/** Who else changes this deployment. What the API does not serve or allow is unknown, which is not the same as none. */
export async function ownersOf(
  http: KubeHttp,
  deployment: V1Deployment,
  namespace: string,
  requestMs: number,
): Promise<DeploymentOwners> {
  const keeper = keeperOf(deployment)
  try {
    const list = await http.json<{ items: V2HorizontalPodAutoscaler[] }>(
      {
        method: 'GET',
        path: `/apis/autoscaling/v2/namespaces/${encodeURIComponent(namespace)}/horizontalpodautoscalers`,
      },
      { kind: 'HorizontalPodAutoscalerList' },
      requestMs,
    )
    const own = list.items.find(
      ({ spec }) =>
        spec?.scaleTargetRef.kind === 'Deployment' && spec.scaleTargetRef.name === deployment.metadata?.name,
    )
    return {
      keeper,
      autoscaler: own
        ? {
            known: true,
            is: {
              name: own.metadata?.name ?? '',
              least: own.spec?.minReplicas ?? 1,
              most: own.spec?.maxReplicas ?? 0,
            },
          }
        : { known: true, is: null },
    }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { keeper, autoscaler: { known: false, why: error.message } }
  }
}
