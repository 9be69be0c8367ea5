/** AWS Health on the lab's HTTP port: JSON 1.1, `DescribeEvents` alone. A fault opens an event, and its end closes it. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { AwsError, asAwsError } from '../aws/errors'
import { keysOf } from '../aws/front-door'
import { readBody, serve, tooLarge } from '../aws/serve'
import { readAuthorization, verifySignature } from '../aws/signature'
import { type Lab, type LabContext, type LabFault, type LabSecrets, LabStateError } from '../contract'

const target = 'AWSHealth_20160804.'
/** The API has one endpoint, which is signed for this region. */
const endpointRegion = 'us-east-1'

interface HealthEvent {
  arn: string
  service: string
  eventTypeCode: string
  eventTypeCategory: string
  region: string
  /** ms */
  startTime: number
  endTime: number | null
  lastUpdatedTime: number
}

const list = z.array(z.string()).optional()
const inputSchema = z.object({
  filter: z
    .object({
      regions: list,
      services: list,
      eventStatusCodes: list,
      eventTypeCategories: list,
      eventTypeCodes: list,
      eventArns: list,
    })
    // What is not filtered by here must not be passed over.
    .strict()
    .optional(),
  nextToken: z.string().optional(),
  maxResults: z.number().int().min(10).max(100).optional(),
  locale: z.string().optional(),
})
type Input = z.infer<typeof inputSchema>

const statusOf = (event: HealthEvent) => (event.endTime === null ? 'open' : 'closed')
const seconds = (ms: number) => ms / 1000

/** Adds AWS Health with its faults. */
export function registerHealth(
  lab: Pick<Lab, 'addRoute' | 'addFault'> & {
    context: Pick<LabContext, 'apiFaults' | 'log'>
    secrets: Pick<LabSecrets, 'awsAccessKeyId' | 'awsSecretAccessKey'>
  },
): void {
  const events: HealthEvent[] = []
  let subscribed = true
  lab.addRoute(async (request, response) => {
    if (!/\/health\/aws4_request/.test(request.headers.authorization ?? '')) return false
    const refuse = ({ code, message, status }: AwsError) => reply(response, status, { __type: code, message })
    try {
      const body = await readBody(request)
      if (!body) throw tooLarge()
      const authorization = readAuthorization(request.headers.authorization)
      if (!authorization) return false
      verifySignature(request, body, authorization, keysOf(lab.secrets), Date.now())
      if (authorization.region !== endpointRegion)
        throw new AwsError('SignatureDoesNotMatch', `Credential should be scoped to a valid region: ${endpointRegion}.`)
      const operation = operationIn(request)
      await serve(lab.context, response, {
        service: 'health',
        operation,
        effect: 'read',
        resource: '*',
        parameters: {},
        run() {
          if (!subscribed) throw new AwsError('SubscriptionRequiredException', '')
          if (operation !== 'DescribeEvents') throw new AwsError('UnknownOperationException', '')
          return describedEvents(events, readInput(body))
        },
        send: (answer) => reply(response, 200, answer),
        refuse,
      })
    } catch (error) {
      refuse(asAwsError(error))
    }
    return true
  })
  lab.addFault(openEvent(events))
  lab.addFault({
    id: 'health-subscription-required',
    title: 'AWS Health needs a support plan',
    group: 'AWS API',
    targets: () => [],
    parameters: [],
    async start() {
      subscribed = false
    },
    async heal() {
      subscribed = true
    },
  })
}

function operationIn(request: IncomingMessage): string {
  const wanted = String(request.headers['x-amz-target'] ?? '')
  return wanted.startsWith(target) ? wanted.slice(target.length) : ''
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
  })
  response.end(text)
}

function readInput(body: Buffer): Input {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8') || '{}')
  } catch {
    throw new AwsError('SerializationException', 'The body is no JSON.')
  }
  const parsed = inputSchema.safeParse(value)
  if (!parsed.success) throw new AwsError('ValidationException', z.prettifyError(parsed.error))
  return parsed.data
}

/** The newest change first. Throws InvalidPaginationToken, UnsupportedLocale. */
function describedEvents(events: readonly HealthEvent[], { filter = {}, nextToken, maxResults = 100, locale }: Input) {
  if (locale !== undefined && locale !== 'en') throw new AwsError('UnsupportedLocale', `${locale} is not supported.`)
  const lets = (wanted: string[] | undefined, value: string) => !wanted?.length || wanted.includes(value)
  const found = events
    .filter(
      (event) =>
        lets(filter.regions, event.region) &&
        lets(filter.services, event.service) &&
        lets(filter.eventStatusCodes, statusOf(event)) &&
        lets(filter.eventTypeCategories, event.eventTypeCategory) &&
        lets(filter.eventTypeCodes, event.eventTypeCode) &&
        lets(filter.eventArns, event.arn),
    )
    .sort((a, b) => b.lastUpdatedTime - a.lastUpdatedTime)
  const start = nextToken === undefined ? 0 : Number(/^from-(\d{1,6})$/.exec(nextToken)?.[1] ?? Number.NaN)
  if (Number.isNaN(start)) throw new AwsError('InvalidPaginationToken', 'The token is not one of this API.')
  const end = start + maxResults
  return {
    events: found.slice(start, end).map((event) => ({
      arn: event.arn,
      service: event.service,
      eventTypeCode: event.eventTypeCode,
      eventTypeCategory: event.eventTypeCategory,
      region: event.region,
      startTime: seconds(event.startTime),
      ...(event.endTime === null ? {} : { endTime: seconds(event.endTime) }),
      lastUpdatedTime: seconds(event.lastUpdatedTime),
      statusCode: statusOf(event),
      eventScopeCode: 'PUBLIC',
    })),
    ...(end < found.length ? { nextToken: `from-${end}` } : {}),
  }
}

/** Opens an event for each service that is named; healing it closes them, and they are still told as closed. */
function openEvent(events: HealthEvent[]): LabFault {
  const close = () => {
    const now = Date.now()
    for (const event of events) if (event.endTime === null) Object.assign(event, { endTime: now, lastUpdatedTime: now })
  }
  return {
    id: 'health-event',
    title: 'AWS Health reports an issue',
    group: 'AWS API',
    targets: () => ['us-west-2', 'us-east-1'].map((region) => ({ id: region, title: region })),
    parameters: [
      { name: 'services', title: 'Services, by comma', type: 'text', default: 'RDS' },
      { name: 'category', title: 'Category (issue, scheduledChange)', type: 'text', default: 'issue' },
    ],
    async start(wanted, { services, category }) {
      const region = wanted ?? 'us-west-2'
      const named = String(services)
        .split(',')
        .map((service) => service.trim().toUpperCase())
      if (named.some((service) => !/^[A-Z0-9]+$/.test(service)))
        throw new LabStateError('BadParameter', 'Services are named like RDS,EC2.')
      close()
      const at = Date.now()
      for (const service of named) {
        const eventTypeCode = `AWS_${service}_OPERATIONAL_ISSUE`
        const id = `${eventTypeCode}_${randomUUID().slice(0, 8).toUpperCase()}`
        events.push({
          arn: `arn:aws:health:${region}::event/${service}/${eventTypeCode}/${id}`,
          service,
          eventTypeCode,
          eventTypeCategory: String(category),
          region,
          startTime: at,
          endTime: null,
          lastUpdatedTime: at,
        })
      }
    },
    async heal() {
      close()
    },
  }
}
