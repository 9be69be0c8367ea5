import type { VantageReport } from '../domain/cluster/vantage'

/** The collector in the other region: what it sees of both regions, its times on its own clock. Throws PortError. */
export interface Vantage {
  report(signal?: AbortSignal): Promise<VantageReport>
}
