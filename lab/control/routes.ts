import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { type Lab, type LabRoute, LabStateError } from '../contract'

const startSchema = z.strictObject({
  fault: z.string().min(1),
  target: z.string().nullish(),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
})
const healSchema = z.strictObject({ fault: z.string().min(1).nullish() })
const paths = ['/lab/health', '/lab/status', '/lab/log', '/lab/faults', '/lab/heal']
const maximumBody = 64 * 1024

/** What rooms have added, by path. */
type Controls = ReadonlyMap<string, () => Promise<unknown>>

/** The lab's control: status, faults, heal, the log of effects, and what rooms add. Everything but health needs the token. */
export function controlRoute(lab: Lab, controls: Controls, isReady: () => boolean): LabRoute {
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://lab')
    if (!paths.includes(url.pathname) && !controls.has(url.pathname)) return false
    if (url.pathname === '/lab/health') {
      answer(response, isReady() ? 200 : 503, { ok: isReady(), status: lab.context.cluster.status })
      return true
    }
    if (!isSame(String(request.headers['x-lab-token'] ?? ''), lab.secrets.token)) {
      answer(response, 401, { error: 'The header x-lab-token must hold the token of this lab.' })
      return true
    }
    try {
      const result = await act(lab, controls, request, url)
      if (result === undefined) answer(response, 405, { error: `${url.pathname} takes no ${request.method}.` })
      else answer(response, 200, result)
    } catch (error) {
      if (!(error instanceof LabStateError)) throw error
      answer(response, error.httpStatus, { error: error.message, code: error.code })
    }
    return true
  }
}

async function act(lab: Lab, controls: Controls, request: IncomingMessage, url: URL): Promise<unknown> {
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /lab/status':
      return status(lab)
    case 'GET /lab/log':
      return { entries: lab.context.log.list(Number(url.searchParams.get('since') ?? 0) || 0) }
    case 'GET /lab/faults':
      return { faults: lab.faults() }
    case 'POST /lab/faults': {
      const { fault, target, parameters } = await readBody(request, startSchema)
      return { fault: await lab.startFault(fault, target ?? null, parameters) }
    }
    case 'POST /lab/heal': {
      const { fault } = await readBody(request, healSchema)
      await lab.heal(fault ?? null)
      return status(lab)
    }
    default:
      return request.method === 'POST' ? await controls.get(url.pathname)?.() : undefined
  }
}

function status(lab: Lab) {
  const { cluster } = lab.context
  return {
    cluster: {
      id: cluster.id,
      status: cluster.status,
      writer: cluster.writerId(),
      writerEndpoint: cluster.writerEndpoint,
      readerEndpoint: cluster.readerEndpoint,
      restorable: cluster.restorable(),
    },
    nodes: cluster.nodes().map(({ id, role, status: state, zone, address, running, frozen, replicaSourceId }) => ({
      id,
      role,
      status: state,
      zone,
      address,
      running,
      frozen,
      replicaSourceId,
    })),
    faults: lab
      .faults()
      .filter((fault) => fault.active !== null)
      .map(({ id, title, active }) => ({ id, title, ...active })),
    speedup: lab.context.speedup,
  }
}

async function readBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > maximumBody) throw new LabStateError('BodyTooLarge', 'The body is too large.', 413)
  }
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    throw new LabStateError('BadBody', 'The body must be JSON.')
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new LabStateError('BadBody', `The body does not fit: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function answer(response: ServerResponse, code: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** Compared by digest: neither length nor content shows in the time it takes. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
