/** S3 on the lab's HTTP port: requests by path, signed for the service `s3`. REST with XML. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { asAwsError } from '../aws/errors'
import { keysOf } from '../aws/front-door'
import { accessDenied } from '../aws/iam'
import { readAuthorization, verifySignature } from '../aws/signature'
import type { ApiFault, Lab, LabContext, LabSecrets } from '../contract'
import type { S3Call } from './call'
import { sendXml } from './call'
import { S3Error } from './errors'
import { document, fields, listObjects, listVersions, namespace } from './listing'
import { Uploads } from './multipart'
import { buckets } from './object'
import { ObjectStore, requireBucket } from './object-store'
import { getObject, headObject } from './read-object'
import { replicate } from './replication'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  deleteObject,
  errorXml,
  putObject,
  restoreObject,
  uploadPart,
} from './write-object'

const restoreSeconds = 300

/** Adds S3, and answers the store in which the objects are. */
export function registerS3(
  lab: Pick<Lab, 'addRoute' | 'addPart'> & {
    context: Pick<LabContext, 'dataDir' | 'speedup' | 'apiFaults'> & Partial<Pick<LabContext, 'log'>>
    secrets: Pick<LabSecrets, 'awsAccessKeyId' | 'awsSecretAccessKey'>
  },
): ObjectStore {
  const { context, secrets } = lab
  const store = new ObjectStore(join(context.dataDir, 's3'))
  const uploads = new Uploads(store)
  const replication = replicate(store, context.speedup)
  lab.addPart({ start: () => store.open().then(() => replication.resume()), stop: () => replication.stop() })
  const keys = keysOf(secrets)
  lab.addRoute(async (request, response) => {
    const isSigned = /\/s3\/aws4_request/.test(request.headers.authorization ?? '')
    if (!isSigned && !isPublicRead(request)) return false
    const requestId = randomUUID()
    response.setHeader('x-amz-request-id', requestId)
    const [path = '/', search = ''] = (request.url ?? '/').split('?', 2)
    const call: S3Call = { request, response, query: new URLSearchParams(search), ...placeIn(path), store }
    const operation = operationOf(call)
    let fault: ApiFault | null = null
    try {
      const authorization = isSigned ? readAuthorization(request.headers.authorization) : null
      if (isSigned && !authorization) return false
      if (authorization)
        verifySignature(request, String(request.headers['x-amz-content-sha256']), authorization, keys, Date.now())
      if (operation === null)
        throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.')
      if (authorization && call.bucket !== '') requireRegion(call.bucket, authorization.region)
      const action = `s3:${permissions[operation.name] ?? operation.name}`
      const denial = context.apiFaults.denied(action)
      if (denial) throw new S3Error('AccessDenied', accessDenied(action, `arn:aws:s3:::${call.bucket}`, denial).message)
      fault = context.apiFaults.take('s3', operation.name)
      // The connection stays open and silent until the caller or the lab ends it.
      if (fault?.kind === 'hang') return true
      if (fault?.kind === 'reset' && fault.when === 'before') {
        request.socket.resetAndDestroy()
        return true
      }
      refuseBefore(fault)
      const changes = changing.has(operation.name)
      const isLost = changes && fault?.kind === 'reset'
      if (isLost) loseAnswer(call)
      await operation.run(call, { uploads, fault, wait: () => replication.delay(restoreSeconds) })
      if (changes)
        context.log?.append({
          service: 's3',
          operation: operation.name,
          parameters: { Bucket: call.bucket, Key: call.key },
          effective: true,
          answered: isLost ? 'none' : 'ok',
          status: isLost ? null : response.statusCode,
        })
    } catch (error) {
      // What is left of the body is read, or the answer could not be received.
      request.resume()
      refuse(call, asS3Error(error), requestId)
    }
    return true
  })
  return store
}

/** Without a signature, an object of a public bucket can be read. */
function isPublicRead({ method, url, headers }: IncomingMessage): boolean {
  const isPublic = buckets.some(({ name, isPublic }) => isPublic === true && url?.startsWith(`/${name}/`))
  return isPublic && headers.authorization === undefined && (method === 'GET' || method === 'HEAD')
}

/** Changes of one object: they are logged, and their answer may be lost. */
const changing = new Set(['PutObject', 'DeleteObject'])

/** What was done is done, and the connection ends instead of the answer. */
function loseAnswer({ request, response }: S3Call): void {
  response.end = () => {
    request.socket.resetAndDestroy()
    return response
  }
}

/** Operations whose permission has another name. */
const permissions: Record<string, string> = {
  HeadObject: 'GetObject',
  HeadBucket: 'ListBucket',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  ListBuckets: 'ListAllMyBuckets',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
}

interface Operation {
  name: string
  run(call: S3Call, more: { uploads: Uploads; fault: ApiFault | null; wait: () => Promise<void> }): void | Promise<void>
}

function placeIn(path: string): { bucket: string; key: string } {
  const [, bucket = '', ...key] = path.split('/')
  return { bucket: decodeURIComponent(bucket), key: decodeURIComponent(key.join('/')) }
}

function operationOf(call: S3Call): Operation | null {
  const { bucket, key, query, request } = call
  if (bucket === '') return request.method === 'GET' ? { name: 'ListBuckets', run: listBuckets } : null
  return key === '' ? bucketOperation(request.method, query) : objectOperation(request.method, query)
}

function bucketOperation(method: string | undefined, query: URLSearchParams): Operation | null {
  if (method === 'HEAD') return { name: 'HeadBucket', run: headBucket }
  if (method !== 'GET') return null
  if (query.has('location')) return { name: 'GetBucketLocation', run: location }
  if (query.has('versioning'))
    return {
      name: 'GetBucketVersioning',
      run: (call) => sendXml(call, document('VersioningConfiguration', fields({ Status: 'Enabled' }))),
    }
  if (query.has('versions'))
    return {
      name: 'ListObjectVersions',
      run: (call) => sendXml(call, listVersions(call.bucket, call.store.versions(call.bucket), call.query)),
    }
  return {
    name: query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects',
    run: (call) => sendXml(call, listObjects(call.bucket, call.store.current(call.bucket), call.query)),
  }
}

function objectOperation(method: string | undefined, query: URLSearchParams): Operation | null {
  switch (method) {
    case 'HEAD':
      return { name: 'HeadObject', run: headObject }
    case 'GET':
      return { name: 'GetObject', run: (call, { fault }) => getObject(call, fault?.kind === 'reset') }
    case 'PUT':
      return query.has('uploadId')
        ? { name: 'UploadPart', run: (call, { uploads }) => uploadPart(call, uploads) }
        : { name: 'PutObject', run: putObject }
    case 'POST':
      if (query.has('uploads'))
        return { name: 'CreateMultipartUpload', run: (call, { uploads }) => createMultipartUpload(call, uploads) }
      if (query.has('uploadId'))
        return { name: 'CompleteMultipartUpload', run: (call, { uploads }) => completeMultipartUpload(call, uploads) }
      return query.has('restore') ? { name: 'RestoreObject', run: (call, { wait }) => restoreObject(call, wait) } : null
    case 'DELETE':
      return query.has('uploadId')
        ? { name: 'AbortMultipartUpload', run: (call, { uploads }) => abortMultipartUpload(call, uploads) }
        : { name: 'DeleteObject', run: deleteObject }
    default:
      return null
  }
}

function listBuckets(call: S3Call): void {
  const list = buckets
    .map(({ name }) => `<Bucket>${fields({ Name: name, CreationDate: new Date(0) })}</Bucket>`)
    .join('')
  sendXml(call, document('ListAllMyBucketsResult', `<Buckets>${list}</Buckets>`))
}

function headBucket({ bucket, response }: S3Call): void {
  response.writeHead(200, { 'x-amz-bucket-region': requireBucket(bucket).region, 'content-length': '0' })
  response.end()
}

function location(call: S3Call): void {
  const { region } = requireBucket(call.bucket)
  // The first region has no name here.
  const text = region === 'us-east-1' ? '' : region
  sendXml(
    call,
    `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="${namespace}">${text}</LocationConstraint>`,
  )
}

/** A bucket is served by the endpoint of its own region. */
function requireRegion(name: string, region: string): void {
  const bucket = requireBucket(name)
  if (bucket.region === region) return
  throw new S3Error(
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; the region '${region}' is wrong; expecting '${bucket.region}'`,
    { members: { Region: bucket.region }, headers: { 'x-amz-bucket-region': bucket.region } },
  )
}

function refuseBefore(fault: ApiFault | null): void {
  switch (fault?.kind) {
    case 'throttle':
      throw new S3Error('SlowDown', 'Please reduce your request rate.')
    case 'expired-token':
      throw new S3Error('ExpiredToken', 'The provided token has expired.')
    case 'error-500':
    case 'spoilt-reply':
      throw new S3Error('InternalError', 'We encountered an internal error. Please try again.')
    case 'hang':
    case 'reset':
    case 'stale-describes':
    case undefined:
      break
  }
}

const renamed: Record<string, string> = {
  InvalidClientTokenId: 'InvalidAccessKeyId',
  RequestExpired: 'RequestTimeTooSkewed',
}

function asS3Error(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown
  const { code, message } = asAwsError(thrown)
  if (code !== 'InternalFailure') return new S3Error(renamed[code] ?? code, message)
  console.error('lab: S3 failed:', thrown)
  return new S3Error('InternalError', 'We encountered an internal error. Please try again.')
}

function refuse({ request, response, bucket, key }: S3Call, error: S3Error, requestId: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const resource = { Resource: `/${bucket}${key === '' ? '' : `/${key}`}` }
  // The answer to HEAD has no body: its status says it all.
  const body =
    request.method === 'HEAD'
      ? ''
      : errorXml(error.code, error.message, { ...resource, ...error.more.members }, requestId)
  const length = request.method === 'HEAD' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  response.writeHead(error.status, { 'content-type': 'application/xml', ...length, ...error.more.headers })
  response.end(body)
}
