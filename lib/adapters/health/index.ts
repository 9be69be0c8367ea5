import { DescribeEventsCommand, HealthClient } from '@aws-sdk/client-health'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { unreadableAnswer } from '../../ports/outcome'
import type { PlatformEvent, PlatformEvents } from '../../ports/platform-events'
import { PortError } from '../../ports/port-error'
import { fromAwsError } from '../aws/errors'
import { type AwsSettings, clientConfig, handlerOptions, limitsOf } from '../aws/settings'

/** The API has one endpoint, and it is in this region. */
const endpointRegion = 'us-east-1'
const who = 'AWS Health'
const maxPages = 10

/** Reads AWS Health with three attempts and short limits. Throws PortError. */
export function createHealth(settings: AwsSettings): PlatformEvents & { close(): void } {
  const limits = limitsOf(settings)
  const client = new HealthClient({
    ...clientConfig(settings),
    region: endpointRegion,
    maxAttempts: 3,
    requestHandler: new NodeHttpHandler(handlerOptions(limits)),
  })
  return {
    close: () => client.destroy(),

    async open(regions, services, signal) {
      const limit = AbortSignal.timeout(limits.readTotalMs)
      const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
      const filter = { regions: [...regions], services: [...services], eventStatusCodes: ['open' as const] }
      try {
        const found: PlatformEvent[] = []
        let nextToken: string | undefined
        for (let page = 0; page < maxPages; page++) {
          const command = new DescribeEventsCommand({ filter, nextToken, maxResults: 100 })
          const answer = await client.send(command, { abortSignal })
          // A page of something in between has no list, and says nothing of what is open.
          if (!Array.isArray(answer.events)) throw unreadableAnswer(who, 200, false)
          for (const { arn, service, region, eventTypeCode, eventTypeCategory, ...at } of answer.events)
            if (arn && service)
              found.push({
                id: arn,
                service,
                region: region ?? 'global',
                code: eventTypeCode ?? 'unknown',
                category: eventTypeCategory ?? 'unknown',
                startedAt: at.startTime?.getTime() ?? null,
                updatedAt: at.lastUpdatedTime?.getTime() ?? null,
              })
          if (!answer.nextToken) return found
          nextToken = answer.nextToken
        }
      } catch (error) {
        throw fromAwsError(abortSignal.aborted ? abortSignal.reason : error, who, false)
      }
      throw new PortError('other', `${who} has more open events than ${maxPages} pages.`, {
        outcome: 'rejected',
        probe: 'api',
      })
    },
  }
}
