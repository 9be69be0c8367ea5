import { Route53Client } from '@aws-sdk/client-route-53'
import { S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { acceptOwnAnswersOnly, beforeParsing } from '../aws/own-answers'
import { type AwsLimits, type AwsSettings, clientConfig, handlerOptions, limitsOf } from '../aws/settings'

/** One client for each service and region; regions are explicit. */
export class Clients {
  readonly limits: AwsLimits
  private readonly route53Clients = new Map<string, Route53Client>()
  private readonly s3Clients = new Map<string, S3Client>()

  constructor(
    private readonly settings: AwsSettings,
    private readonly maxAttempts: number,
  ) {
    this.limits = limitsOf(settings)
  }

  route53(region: string): Route53Client {
    let client = this.route53Clients.get(region)
    if (!client) {
      client = new Route53Client(this.config(region))
      client.middlewareStack.add(acceptOwnAnswersOnly, beforeParsing)
      this.route53Clients.set(region, client)
    }
    return client
  }

  s3(region: string): S3Client {
    let client = this.s3Clients.get(region)
    if (!client) {
      const paths = this.settings.endpointUrl ? { forcePathStyle: true } : {}
      client = new S3Client({ ...this.config(region), ...paths, followRegionRedirects: false })
      this.s3Clients.set(region, client)
    }
    return client
  }

  /** Ends idle connections. */
  destroy(): void {
    for (const client of [...this.route53Clients.values(), ...this.s3Clients.values()]) client.destroy()
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
