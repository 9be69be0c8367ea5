import { IAMClient } from '@aws-sdk/client-iam'
import { RDSClient } from '@aws-sdk/client-rds'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { STSClient } from '@aws-sdk/client-sts'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { acceptOwnAnswersOnly, beforeParsing } from './own-answers'

export interface RdsSettings {
  region: string
  drRegion: string
  /** The lab's or a VPC endpoint's address. */
  endpointUrl?: string | undefined
  /** The SDK's own chain (environment, profile, role) when absent. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined
  limits?: Partial<RdsLimits>
}

interface RdsLimits {
  connectMs: number
  requestMs: number
  socketMs: number
  /** For a read with its retries. */
  readTotalMs: number
}

/** `requestTimeout` alone only warns; with `throwOnRequestTimeout` it ends the call (procedures, section 0). */
const defaultLimits: RdsLimits = { connectMs: 3_000, requestMs: 10_000, socketMs: 15_000, readTotalMs: 25_000 }

const soonMs = 20 * 60_000

/** Clients by region: regions are explicit, one client each. */
export class Clients {
  readonly limits: RdsLimits
  private readonly rdsClients = new Map<string, RDSClient>()
  private readonly secretsClients = new Map<string, SecretsManagerClient>()
  private readonly stsClients = new Map<string, STSClient>()
  private iamClient: IAMClient | null = null

  constructor(
    private readonly settings: RdsSettings,
    private readonly maxAttempts: number,
  ) {
    this.limits = { ...defaultLimits, ...settings.limits }
  }

  rds(region: string): RDSClient {
    let client = this.rdsClients.get(region)
    if (!client) {
      client = new RDSClient(this.config(region))
      client.middlewareStack.add(acceptOwnAnswersOnly, beforeParsing)
      this.rdsClients.set(region, client)
    }
    return client
  }

  sts(region: string): STSClient {
    let client = this.stsClients.get(region)
    if (!client) {
      client = new STSClient(this.config(region))
      client.middlewareStack.add(acceptOwnAnswersOnly, beforeParsing)
      this.stsClients.set(region, client)
    }
    return client
  }

  secrets(region: string): SecretsManagerClient {
    const client = this.secretsClients.get(region) ?? new SecretsManagerClient(this.config(region))
    this.secretsClients.set(region, client)
    return client
  }

  iam(): IAMClient {
    if (!this.iamClient) {
      this.iamClient = new IAMClient(this.config(this.settings.region))
      this.iamClient.middlewareStack.add(acceptOwnAnswersOnly, beforeParsing)
    }
    return this.iamClient
  }

  /** When the credentials in use end, ms; null when they do not. Asks their provider for new ones when it is soon. */
  async sessionEnd(): Promise<number | null> {
    const provider = this.rds(this.settings.region).config.credentials
    const end = (identity: { expiration?: Date }) => identity.expiration?.getTime() ?? null
    const now = end(await provider())
    if (now === null || now - Date.now() > soonMs) return now
    return end(await provider({ forceRefresh: true }))
  }

  /** Ends idle connections. */
  destroy(): void {
    for (const client of [...this.rdsClients.values(), ...this.secretsClients.values(), ...this.stsClients.values()])
      client.destroy()
    this.iamClient?.destroy()
  }

  private config(region: string) {
    return {
      region,
      maxAttempts: this.maxAttempts,
      ...(this.settings.endpointUrl ? { endpoint: this.settings.endpointUrl } : {}),
      ...(this.settings.credentials ? { credentials: this.settings.credentials } : {}),
      requestHandler: new NodeHttpHandler({
        connectionTimeout: this.limits.connectMs,
        requestTimeout: this.limits.requestMs,
        throwOnRequestTimeout: true,
        socketTimeout: this.limits.socketMs,
      }),
    }
  }
}
