import type { PodView } from './types'

/** Since when all of these pods that are ready are ready, ms; null where Kubernetes does not say. */
export function podsReadySince(pods: readonly Pick<PodView, 'ready' | 'phase' | 'readyAt'>[]): number | null {
  const times = pods.flatMap(({ ready, phase, readyAt }) =>
    ready && phase !== 'Terminating' && readyAt ? [readyAt] : [],
  )
  return times.length > 0 ? Math.max(...times) : null
}
