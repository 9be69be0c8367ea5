/** HeadObject and GetObject. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { header, type S3Call } from './call'
import { noSuchKey, S3Error } from './errors'
import { isUnreadable, type ObjectVersion } from './object'

interface Part {
  start: number
  end: number
}

/** The version that a request names. Throws NoSuchKey, NoSuchVersion, MethodNotAllowed. */
export function requireVersion({ store, bucket, key, query }: S3Call): ObjectVersion {
  const versionId = query.get('versionId')
  const version = store.find(bucket, key, versionId)
  if (version?.deleteMarker) {
    const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId }
    throw versionId === null
      ? new S3Error('NoSuchKey', 'The specified key does not exist.', { members: { Key: key }, headers })
      : new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.', { headers })
  }
  if (version) return version
  throw versionId === null ? noSuchKey(key) : new S3Error('NoSuchVersion', 'The specified version does not exist.')
}

function headersOf(call: S3Call, version: ObjectVersion, part: Part | null): Record<string, string> {
  const { checksum, metadata, replication, restoredUntil, size } = version
  const length = part ? part.end - part.start + 1 : size
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-length': String(length),
    'content-type': version.contentType,
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.lastModified).toUTCString(),
    'x-amz-version-id': version.versionId,
    'x-amz-server-side-encryption': 'aws:kms',
  }
  for (const [name, value] of Object.entries(metadata)) headers[`x-amz-meta-${name}`] = value
  if (version.storageClass !== 'STANDARD') headers['x-amz-storage-class'] = version.storageClass
  if (replication) headers['x-amz-replication-status'] = replication
  if (restoredUntil !== null)
    headers['x-amz-restore'] =
      restoredUntil === 0
        ? 'ongoing-request="true"'
        : `ongoing-request="false", expiry-date="${new Date(restoredUntil).toUTCString()}"`
  // The sum is of the whole object: a part of it has none.
  if (checksum && part === null && header(call, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    headers[`x-amz-checksum-${checksum.algorithm.toLowerCase()}`] = checksum.value
    headers['x-amz-checksum-type'] = checksum.type
  }
  if (part) headers['content-range'] = `bytes ${part.start}-${part.end}/${size}`
  return headers
}

/** The bytes that are asked for; null is all of them. Throws InvalidRange, InvalidPartNumber. */
function partOf(call: S3Call, version: ObjectVersion): Part | null {
  const number = call.query.get('partNumber')
  if (number !== null) {
    const sizes = version.parts.length ? version.parts : [version.size]
    const start = sizes.slice(0, Number(number) - 1).reduce((sum, size) => sum + size, 0)
    const size = sizes[Number(number) - 1]
    if (size === undefined) throw new S3Error('InvalidPartNumber', 'The requested partnumber is not satisfiable')
    return { start, end: start + size - 1 }
  }
  const range = /^bytes=(\d*)-(\d*)$/.exec(header(call, 'range') ?? '')
  // What cannot be read as a range is passed over, as HTTP says.
  if (!range || (range[1] === '' && range[2] === '')) return null
  const [, from = '', to = ''] = range
  const last = version.size - 1
  const start = from === '' ? Math.max(0, version.size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? last : Math.min(last, Number(to))
  if (start > last || start > end || (from === '' && Number(to) === 0))
    throw new S3Error('InvalidRange', 'The requested range is not satisfiable', {
      members: { RangeRequested: header(call, 'range') ?? '', ActualObjectSize: String(version.size) },
      headers: { 'content-range': `bytes */${version.size}` },
    })
  return { start, end }
}

/** Throws PreconditionFailed; answers true when the caller has this version already. */
function isUnchanged(call: S3Call, version: ObjectVersion): boolean {
  const plain = (value: string | null) => value?.replaceAll('"', '') ?? null
  const match = plain(header(call, 'if-match'))
  if (match !== null && match !== '*' && match !== version.etag)
    throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      members: { Condition: 'If-Match' },
    })
  return plain(header(call, 'if-none-match')) === version.etag
}

export function headObject(call: S3Call): void {
  const version = requireVersion(call)
  const part = partOf(call, version)
  const status = isUnchanged(call, version) ? 304 : part ? 206 : 200
  call.response.writeHead(status, headersOf(call, version, part))
  call.response.end()
}

/** With `cutShort` the connection breaks in the middle of the body. */
export async function getObject(call: S3Call, cutShort: boolean): Promise<void> {
  const version = requireVersion(call)
  if (isUnreadable(version, Date.now()))
    throw new S3Error('InvalidObjectState', "The operation is not valid for the object's storage class", {
      members: { StorageClass: version.storageClass },
    })
  const part = partOf(call, version)
  const { response } = call
  if (isUnchanged(call, version)) {
    response.writeHead(304, { etag: `"${version.etag}"` })
    response.end()
    return
  }
  const { start, end } = part ?? { start: 0, end: version.size - 1 }
  // Opened before the first byte is sent: a version that is deleted meanwhile is still read to its end.
  const handle = await open(call.store.dataOf(version), 'r')
  const stored = (await handle.stat()).size
  response.writeHead(part ? 206 : 200, headersOf(call, version, part))
  const last = cutShort ? start + Math.floor((end - start + 1) / 2) - 1 : Math.min(end, stored - 1)
  if (last < start) {
    await handle.close()
    if (version.size === 0) response.end()
    else response.destroy()
    return
  }
  const body = createReadStream('', { fd: handle, start, end: last })
  // The length that was promised is not reached when the file is shorter: the connection breaks, as it would.
  await pipeline(body, response, { end: last === end }).catch(() => undefined)
  if (last !== end) response.destroy()
}
