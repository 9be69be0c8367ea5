/**
 * Signature Version 4 of header-signed requests, checked as the service would: the request is signed again with the
 * lab's own secret and the two signatures are compared. Source of the rule: AWS, "Create a signed AWS API request".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { AwsError } from './errors'
import type { LabSession } from './sessions'

/** `{key}/{date}/{region}/{service}/aws4_request`, and what was signed. */
export interface Authorization {
  accessKeyId: string
  date: string
  region: string
  service: string
  signedHeaders: string[]
  signature: string
}

const algorithm = 'AWS4-HMAC-SHA256'
/** A request is good for this long on either side of our clock. */
const allowedSkewMs = 5 * 60_000

/** The Authorization header taken apart; null when it is not a version 4 signature. Throws IncompleteSignature. */
export function readAuthorization(header: string | undefined): Authorization | null {
  if (!header?.startsWith(algorithm)) return null
  const parts = new Map<string, string>()
  for (const part of header.slice(algorithm.length).split(',')) {
    const at = part.indexOf('=')
    if (at > 0) parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim())
  }
  const [accessKeyId, date, region, service, terminator] = parts.get('Credential')?.split('/') ?? []
  const signedHeaders = parts.get('SignedHeaders')?.split(';')
  const signature = parts.get('Signature')
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request' || !signedHeaders || !signature) {
    throw new AwsError('IncompleteSignature', 'Authorization header requires Credential, SignedHeaders and Signature.')
  }
  return { accessKeyId, date, region, service, signedHeaders, signature }
}

/**
 * `body` is the body itself, or what stands for it in a request to S3: the hash that it names, or that it is not signed.
 * Throws InvalidClientTokenId, SignatureDoesNotMatch, RequestExpired or IncompleteSignature unless the request was
 * signed with this key pair, or with one of a session, within five minutes of `now` (ms); ExpiredToken for a session that is over.
 */
export function verifySignature(
  request: IncomingMessage,
  body: Buffer | string,
  authorization: Authorization,
  credentials: { accessKeyId: string; secretAccessKey: string; sessions: ReadonlyMap<string, LabSession> },
  now: number,
): void {
  const token = single(request.headers['x-amz-security-token'])
  const session = credentials.sessions.get(authorization.accessKeyId)
  const known = session ? token === session.token : token === undefined
  if (!known || (!session && authorization.accessKeyId !== credentials.accessKeyId))
    throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid.')
  const amzDate = single(request.headers['x-amz-date'])
  const signedAt = amzDate === undefined ? Number.NaN : parseAmzDate(amzDate)
  if (amzDate === undefined || Number.isNaN(signedAt) || !amzDate.startsWith(authorization.date)) {
    throw new AwsError('IncompleteSignature', 'Authorization header requires a matching X-Amz-Date header.')
  }
  if (!authorization.signedHeaders.includes('host')) {
    throw new AwsError('SignatureDoesNotMatch', "'Host' must be a 'SignedHeader' in the AWS Authorization.")
  }
  const scope = `${authorization.date}/${authorization.region}/${authorization.service}/aws4_request`
  const toSign = [algorithm, amzDate, scope, sha256(canonicalRequest(request, body, authorization.signedHeaders))]
  const key = [authorization.date, authorization.region, authorization.service, 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => hmac(secret, part),
    `AWS4${(session ?? credentials).secretAccessKey}`,
  )
  const expected = hmac(key, toSign.join('\n'))
  const given = Buffer.from(authorization.signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    )
  }
  // After the signature: only who holds the secret learns what our clock says.
  if (Math.abs(now - signedAt) > allowedSkewMs) {
    throw new AwsError(
      'RequestExpired',
      `Signature expired: ${amzDate} is more than 5 minutes from the service's time.`,
    )
  }
  if (session && now >= session.expiresAt)
    throw new AwsError('ExpiredToken', 'The security token included in the request is expired')
}

function canonicalRequest(request: IncomingMessage, body: Buffer | string, signedHeaders: string[]): string {
  const payload = typeof body === 'string' ? body : sha256(body)
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
  const canonicalQuery = [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
  const headers = signedHeaders.map((name) => {
    const value = request.headers[name]
    return `${name}:${(Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replace(/ +/g, ' ')}\n`
  })
  return [request.method, path, canonicalQuery, headers.join(''), signedHeaders.join(';'), payload].join('\n')
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** `20260131T090807Z` as ms, NaN when it is none. */
function parseAmzDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  return match ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`) : Number.NaN
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer | string, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
