import { element, type XmlValue } from '../aws/xml'
import { S3Error } from './errors'
import type { ObjectVersion } from './object'

export const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

export function document(name: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${namespace}">${content}</${name}>`
}

export const fields = (values: Record<string, XmlValue>) =>
  Object.entries(values)
    .map(([name, value]) => element(name, value))
    .join('')

interface Asked {
  prefix: string
  delimiter: string | null
  max: number
  encode: (text: string) => string
  encodingType: string | null
}

function readListing(query: URLSearchParams): Asked {
  const given = query.get('max-keys') ?? '1000'
  if (!/^\d{1,9}$/.test(given))
    throw new S3Error('InvalidArgument', 'Provided max-keys not an integer or within integer range')
  const encodingType = query.get('encoding-type')
  if (encodingType !== null && encodingType !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') || null,
    max: Math.min(1000, Number(given)),
    encodingType,
    encode: encodingType
      ? (text) => encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+')
      : (text) => text,
  }
}

const after = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0

/** Entries of one page: objects, and the common prefixes that stand for what lies below a delimiter. */
function pageOf(all: ObjectVersion[], { prefix, delimiter, max }: Asked, from: string | null) {
  const items: ({ version: ObjectVersion } | { common: string })[] = []
  let last: string | null = null
  let truncated = false
  for (const version of all) {
    if (!version.key.startsWith(prefix)) continue
    const cut = delimiter ? version.key.indexOf(delimiter, prefix.length) : -1
    const common = cut < 0 || delimiter === null ? null : version.key.slice(0, cut + delimiter.length)
    const name: string = common ?? version.key
    if (from !== null && (!after(name, from) || (common !== null && from.startsWith(common)))) continue
    if (common !== null && common === last) continue
    if (items.length >= max) {
      truncated = max > 0
      break
    }
    items.push(common === null ? { version } : { common })
    last = name
  }
  return { items, last, truncated }
}

/** ListObjectsV2, or ListObjects without `list-type=2`. */
export function listObjects(bucket: string, current: ObjectVersion[], query: URLSearchParams): string {
  const second = query.get('list-type') === '2'
  const asked = readListing(query)
  const { encode } = asked
  const token = query.get('continuation-token')
  const start = query.get('start-after')
  const marker = query.get('marker')
  const from = second ? (token === null ? start : readToken(token)) : marker
  const { items, last, truncated } = pageOf(current, asked, from)
  const next = truncated && last !== null ? last : null
  return document(
    'ListBucketResult',
    fields({
      Name: bucket,
      Prefix: encode(asked.prefix),
      Delimiter: asked.delimiter === null ? null : encode(asked.delimiter),
      MaxKeys: asked.max,
      EncodingType: asked.encodingType,
      IsTruncated: truncated,
      ...(second
        ? {
            KeyCount: items.length,
            ContinuationToken: token,
            StartAfter: start === null ? null : encode(start),
            NextContinuationToken: next === null ? null : Buffer.from(next).toString('base64'),
          }
        : { Marker: encode(marker ?? ''), NextMarker: next === null ? null : encode(next) }),
    }) +
      items
        .map((item) =>
          'common' in item
            ? element('CommonPrefixes', { Prefix: encode(item.common) })
            : element('Contents', {
                Key: encode(item.version.key),
                LastModified: new Date(item.version.lastModified),
                ETag: `"${item.version.etag}"`,
                ChecksumAlgorithm: item.version.checksum?.algorithm,
                ChecksumType: item.version.checksum?.type,
                Size: item.version.size,
                StorageClass: item.version.storageClass,
              }),
        )
        .join(''),
  )
}

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64').toString()
  if (Buffer.from(name).toString('base64') !== token)
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect')
  return name
}

/** ListObjectVersions; one page holds them all. */
export function listVersions(bucket: string, all: ObjectVersion[], query: URLSearchParams): string {
  const { prefix, encode, encodingType } = readListing(query)
  const found = all.filter(({ key }) => key.startsWith(prefix))
  return document(
    'ListVersionsResult',
    fields({ Name: bucket, Prefix: encode(prefix), MaxKeys: 1000, EncodingType: encodingType, IsTruncated: false }) +
      found
        .map((version, index) =>
          element(version.deleteMarker ? 'DeleteMarker' : 'Version', {
            Key: encode(version.key),
            VersionId: version.versionId,
            IsLatest: found[index - 1]?.key !== version.key,
            LastModified: new Date(version.lastModified),
            ...(version.deleteMarker
              ? {}
              : { ETag: `"${version.etag}"`, Size: version.size, StorageClass: version.storageClass }),
          }),
        )
        .join(''),
  )
}
