import { type Resource, resources, StatusError } from './types'

interface Attributes {
  namespace?: string
  verb?: string
  group?: string
  resource?: string
  subresource?: string
  name?: string
}

/** What a subresource allows beside what its resource does. */
const subresourceVerbs: Record<string, string[]> = {
  'deployments/scale': ['get', 'patch', 'update'],
  'pods/log': ['get'],
}

/**
 * Answers a SelfSubjectAccessReview: the lab allows what it serves and nothing else. The request is JSON, or protobuf
 * (`kubectl auth can-i` sends nothing else). Throws StatusError 400.
 */
export function reviewAccess(body: Buffer): Record<string, unknown> {
  const attributes =
    body.subarray(0, 4).toString('latin1') === 'k8s\0' ? fromProtobuf(body.subarray(4)) : fromJson(body)
  const { verb = '', resource = '', subresource } = attributes
  const verbs = subresource
    ? (subresourceVerbs[`${resource}/${subresource}`] ?? [])
    : Object.hasOwn(resources, resource)
      ? resources[resource as Resource].verbs
      : []
  const allowed = verb === '*' ? verbs.length > 0 : verbs.includes(verb)
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: { resourceAttributes: attributes },
    status: allowed ? { allowed } : { allowed, reason: 'the lab allows only what it serves' },
  }
}

function fromJson(body: Buffer): Attributes {
  try {
    const review = JSON.parse(body.toString('utf8')) as { spec?: { resourceAttributes?: Attributes } } | null
    return review?.spec?.resourceAttributes ?? {}
  } catch {
    throw new StatusError(400, 'BadRequest', 'the body of the request is not JSON')
  }
}

/** runtime.Unknown.raw (2) > SelfSubjectAccessReview.spec (2) > resourceAttributes (1), by the API's generated.proto. */
function fromProtobuf(message: Buffer): Attributes {
  const attributes = fields(at(fields(at(fields(message), 2)), 2))
  const inner = fields(at(attributes, 1))
  const text = (number: number) => inner.get(number)?.toString('utf8') || undefined
  return {
    namespace: text(1),
    verb: text(2),
    group: text(3),
    resource: text(5),
    subresource: text(6),
    name: text(7),
  }
}

const at = (message: Map<number, Buffer>, number: number) => message.get(number) ?? Buffer.alloc(0)

/** The length-delimited fields of one protobuf message; numbers are skipped. Throws StatusError 400. */
function fields(message: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  let position = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[position++]
      if (byte === undefined) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new StatusError(400, 'BadRequest', 'the body of the request is not protobuf')
  }
  while (position < message.length) {
    const key = varint()
    const size = varint()
    if ((key & 7) === 0) continue
    if ((key & 7) !== 2 || position + size > message.length)
      throw new StatusError(400, 'BadRequest', 'the body of the request is not protobuf')
    found.set(key >>> 3, message.subarray(position, position + size))
    position += size
  }
  return found
}
