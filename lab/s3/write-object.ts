/** PutObject, multipart uploads, DeleteObject and RestoreObject. */
import { element } from '../aws/xml'
import { describedBy, header, readText, receiveBody, type S3Call, sendEmpty, sendXml } from './call'
import { sumOf } from './digest'
import { S3Error } from './errors'
import { document, fields } from './listing'
import { readParts, type Uploads } from './multipart'
import { type Checksum, type ChecksumAlgorithm, checksumAlgorithms } from './object'
import { requireVersion } from './read-object'

function checksumHeaders(checksum: Checksum | null): Record<string, string> {
  if (!checksum) return {}
  return {
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  }
}

export async function putObject(call: S3Call): Promise<void> {
  if (header(call, 'x-amz-copy-source') !== null)
    throw new S3Error('NotImplemented', 'A header you provided implies functionality that is not implemented')
  const wanted = describedBy(call)
  const { checksum, ...received } = await receiveBody(call)
  const version = await call.store.put({ ...wanted, checksum }, received)
  const headers = { etag: `"${version.etag}"`, 'x-amz-version-id': version.versionId }
  sendEmpty(call, 200, { ...headers, ...checksumHeaders(checksum) })
}

export function createMultipartUpload(call: S3Call, uploads: Uploads): void {
  const asked = header(call, 'x-amz-checksum-algorithm')?.toUpperCase()
  const algorithm: ChecksumAlgorithm | null = checksumAlgorithms.find((one) => one === asked) ?? null
  const type = header(call, 'x-amz-checksum-type')?.toUpperCase() === 'FULL_OBJECT' ? 'FULL_OBJECT' : 'COMPOSITE'
  if (algorithm === 'SHA256' && type === 'FULL_OBJECT')
    throw new S3Error(
      'InvalidRequest',
      'The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.',
    )
  const id = uploads.begin(describedBy(call), algorithm, type)
  if (algorithm) {
    call.response.setHeader('x-amz-checksum-algorithm', algorithm)
    call.response.setHeader('x-amz-checksum-type', type)
  }
  sendXml(call, document('InitiateMultipartUploadResult', fields({ Bucket: call.bucket, Key: call.key, UploadId: id })))
}

export async function uploadPart(call: S3Call, uploads: Uploads): Promise<void> {
  const upload = uploads.require(call.bucket, call.key, call.query.get('uploadId') ?? '')
  const number = Number(call.query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  const { checksum, ...received } = await receiveBody(call)
  await uploads.add(upload, number, received)
  const { algorithm } = upload
  const sum = algorithm && { [`x-amz-checksum-${algorithm.toLowerCase()}`]: sumOf(received.digests, algorithm) }
  const given = checksum && { [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value }
  sendEmpty(call, 200, { etag: `"${received.digests.md5.toString('hex')}"`, ...given, ...sum })
}

export async function completeMultipartUpload(call: S3Call, uploads: Uploads): Promise<void> {
  const id = call.query.get('uploadId') ?? ''
  const upload = uploads.require(call.bucket, call.key, id)
  const version = await uploads.complete(id, upload, readParts(await readText(call)))
  const { checksum } = version
  call.response.setHeader('x-amz-version-id', version.versionId)
  const sum = checksum && { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }
  const told = {
    Location: `/${call.bucket}/${call.key}`,
    Bucket: call.bucket,
    Key: call.key,
    ETag: `"${version.etag}"`,
  }
  sendXml(call, document('CompleteMultipartUploadResult', fields({ ...told, ...sum })))
}

export async function abortMultipartUpload(call: S3Call, uploads: Uploads): Promise<void> {
  const id = call.query.get('uploadId') ?? ''
  uploads.require(call.bucket, call.key, id)
  await uploads.abort(id)
  sendEmpty(call, 204)
}

export async function deleteObject(call: S3Call): Promise<void> {
  const versionId = call.query.get('versionId')
  const gone = await call.store.delete(call.bucket, call.key, versionId)
  const marker: Record<string, string> = gone?.deleteMarker ? { 'x-amz-delete-marker': 'true' } : {}
  sendEmpty(call, 204, gone ? { ...marker, 'x-amz-version-id': gone.versionId } : {})
}

/** Asks an archived object back for some days; `wait` is the storage's own time for it. */
export async function restoreObject(call: S3Call, wait: () => Promise<void>): Promise<void> {
  const version = requireVersion(call)
  const days = Number(/<Days>\s*(\d+)\s*<\/Days>/.exec(await readText(call))?.[1] ?? 1)
  if (!['GLACIER', 'DEEP_ARCHIVE'].includes(version.storageClass))
    throw new S3Error('InvalidObjectState', "Restore is not allowed for the object's current storage class")
  if (version.restoredUntil === 0)
    throw new S3Error('RestoreAlreadyInProgress', 'Object restore is already in progress')
  await call.store.change(version, { restoredUntil: 0 })
  void wait().then(
    () => call.store.change(version, { restoredUntil: Date.now() + days * 86_400_000 }),
    () => undefined,
  )
  sendEmpty(call, 202)
}

export const errorXml = (code: string, message: string, members: Record<string, string>, requestId: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element('Error', { Code: code, Message: message, ...members, RequestId: requestId })}`
