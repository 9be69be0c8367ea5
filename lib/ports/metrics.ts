import type { MetricsView } from '../domain/cluster/types'

/** A Prometheus-compatible query API. Throws PortError. */
export interface Metrics {
  /** Errors and slowness of the application at one moment (ms), null where nothing is known of it. */
  application(at: number, signal?: AbortSignal): Promise<{ errorRatio: number | null; p95Ms: number | null }>
  /** The values of one metric by one of its labels, the greatest where several series share it. */
  byLabel(metric: string, label: string): Promise<Record<string, number>>
  overview(signal?: AbortSignal): Promise<MetricsView & { pgUp: boolean | null }>
}
