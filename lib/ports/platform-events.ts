/** An event of the platform's own status, such as an outage of a service in a region. */
export interface PlatformEvent {
  id: string
  /** As the platform names it: RDS, EC2, S3... */
  service: string
  region: string
  /** Such as AWS_RDS_OPERATIONAL_ISSUE. */
  code: string
  category: string
  /** ms */
  startedAt: number | null
  updatedAt: number | null
}

/**
 * What the platform says of itself. Throws PortError, `config` where the account has no plan for it. That nothing is open proves
 * nothing: a platform tells late, and not everything (procedures, fault 16).
 */
export interface PlatformEvents {
  /** Open events of these regions and services. */
  open(regions: readonly string[], services: readonly string[], signal?: AbortSignal): Promise<PlatformEvent[]>
}
