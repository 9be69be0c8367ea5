/** How every client of AWS is set up, whatever the service. */
export interface AwsSettings {
  /** The lab's or a VPC endpoint's address. */
  endpointUrl?: string | undefined
  /** The SDK's own chain (environment, profile, role) when absent. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date } | undefined
  limits?: Partial<AwsLimits>
}

export interface AwsLimits {
  connectMs: number
  requestMs: number
  socketMs: number
  /** For a read with its retries. */
  readTotalMs: number
}

/** `requestTimeout` alone only warns; with `throwOnRequestTimeout` it ends the call (procedures, section 0). */
const defaultLimits: AwsLimits = { connectMs: 3_000, requestMs: 10_000, socketMs: 15_000, readTotalMs: 25_000 }

export const limitsOf = ({ limits }: AwsSettings): AwsLimits => ({ ...defaultLimits, ...limits })

/** What the constructor of a client takes, but for its region and its handler of requests. */
export const clientConfig = ({ endpointUrl, credentials }: AwsSettings) => ({
  ...(endpointUrl ? { endpoint: endpointUrl } : {}),
  ...(credentials ? { credentials } : {}),
})

export const handlerOptions = ({ connectMs, requestMs, socketMs }: AwsLimits) => ({
  connectionTimeout: connectMs,
  requestTimeout: requestMs,
  throwOnRequestTimeout: true,
  socketTimeout: socketMs,
})
