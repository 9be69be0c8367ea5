import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodeChunked } from './chunked'
import { type Digests, sumOf } from './digest'
import { S3Error } from './errors'
import { type Checksum, checksumAlgorithms, type ObjectVersion, storageClasses } from './object'
import type { ObjectStore } from './object-store'

export interface S3Call {
  request: IncomingMessage
  response: ServerResponse
  query: URLSearchParams
  bucket: string
  key: string
  store: ObjectStore
}

export const header = ({ request }: S3Call, name: string): string | null => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : null
}

/** `x-amz-meta-*`, storage class and content type, as a request gives them. Throws InvalidStorageClass. */
export function describedBy(
  call: S3Call,
): Pick<ObjectVersion, 'bucket' | 'key' | 'storageClass' | 'contentType' | 'metadata'> {
  const storageClass = header(call, 'x-amz-storage-class') ?? 'STANDARD'
  if (!storageClasses.includes(storageClass))
    throw new S3Error('InvalidStorageClass', 'The storage class you specified is not valid')
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(call.request.headers))
    if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = String(value)
  const contentType = header(call, 'content-type') ?? 'binary/octet-stream'
  return { bucket: call.bucket, key: call.key, storageClass, contentType, metadata }
}

/** Receives the body and holds it against every sum that the request gives. */
export async function receiveBody(
  call: S3Call,
): Promise<{ file: string; digests: Digests; checksum: Checksum | null }> {
  const { request, store } = call
  const trailers = new Map<string, string>()
  const payload = header(call, 'x-amz-content-sha256') ?? ''
  const isChunked = payload.startsWith('STREAMING-') || (header(call, 'content-encoding') ?? '').includes('aws-chunked')
  const received = await store.receive(isChunked ? decodeChunked(request, trailers) : request)
  try {
    const { digests } = received
    const decoded = header(call, 'x-amz-decoded-content-length')
    if (decoded !== null && Number(decoded) !== digests.size)
      throw new S3Error(
        'IncompleteBody',
        'You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header.',
      )
    if (/^[0-9a-f]{64}$/.test(payload) && payload !== digests.sha256.toString('hex'))
      throw new S3Error(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      )
    const md5 = header(call, 'content-md5')
    if (md5 !== null && md5 !== digests.md5.toString('base64'))
      throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.')
    let checksum: Checksum | null = null
    for (const algorithm of checksumAlgorithms) {
      const name = `x-amz-checksum-${algorithm.toLowerCase()}`
      const given = header(call, name) ?? trailers.get(name) ?? null
      if (given === null) continue
      const value = sumOf(digests, algorithm)
      if (given !== value)
        throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
      checksum = { algorithm, value, type: 'FULL_OBJECT' }
    }
    return { ...received, checksum }
  } catch (error) {
    await store.discard(received.file)
    throw error
  }
}

export async function readText({ request }: S3Call): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= 1_048_576) chunks.push(chunk)
  }
  if (length > 1_048_576) throw new S3Error('MalformedXML', 'The XML you provided is too long.')
  return Buffer.concat(chunks).toString('utf8')
}

export function sendXml({ response }: S3Call, xml: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) })
  response.end(xml)
}

export function sendEmpty({ response }: S3Call, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'content-length': '0' }) })
  response.end()
}
