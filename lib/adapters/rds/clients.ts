import { IAMClient } from '@aws-sdk/client-iam'
import { RDSClient } from '@aws-sdk/client-rds'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { STSClient } from '@aws-sdk/client-sts'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Credentials } from '../../ports/fleet'
import { acceptOwnAnswersOnly, beforeParsing } from '../aws/own-answers'
import { type AwsLimits, type AwsSettings, clientConfig, handlerOptions, limitsOf } from '../aws/settings'

export interface RdsSettings extends AwsSettings {
  region: string
  drRegion: string
}

const soonMs = 20 * 60_000

/** Clients by region: regions are explicit, one client each. */
export class Clients {
  readonly limits: AwsLimits
  private readonly rdsClients = new Map<string, RDSClient>()
  private readonly secretsClients = new Map<string, SecretsManagerClient>()
  private readonly stsClients = new Map<string, STSClient>()
  private iamClient: IAMClient | null = null

  constructor(
    private readonly settings: RdsSettings,
    private readonly maxAttempts: number,
  ) {
    this.limits = limitsOf(settings)
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

  /** When the credentials in use end. Asks their provider for new ones when it is soon. */
  async session(): Promise<Credentials> {
    const provider = this.rds(this.settings.region).config.credentials
    const read = ({ expiration, sessionToken }: { expiration?: Date; sessionToken?: string }): Credentials =>
      expiration || sessionToken ? { temporary: true, expiresAt: expiration?.getTime() ?? null } : { temporary: false }
    const now = read(await provider())
    if (!now.temporary || now.expiresAt === null || now.expiresAt - Date.now() > soonMs) return now
    return read(await provider({ forceRefresh: true }))
  }

  /** Ends idle connections. */
  destroy(): void {
    for (const client of [...this.rdsClients.values(), ...this.secretsClients.values(), ...this.stsClients.values()])
      client.destroy()
    this.iamClient?.destroy()
  }

  private config(region: string) {
    return {
      ...clientConfig(this.settings),
      region,
      maxAttempts: this.maxAttempts,
      requestHandler: new NodeHttpHandler(handlerOptions(this.limits)),
    }
  }
}
