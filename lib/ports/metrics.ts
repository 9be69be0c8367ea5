import type { MetricsView } from '../domain/cluster/types'

/** A Prometheus-compatible query API. Throws PortError. */
export interface Metrics {
  overview(signal?: AbortSignal): Promise<MetricsView & { pgUp: boolean | null }>
}
