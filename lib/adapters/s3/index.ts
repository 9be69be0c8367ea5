import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { ObjectHead, Place, StoredObject } from '../../domain/backups/types'
import type { Backups } from '../../ports/backups'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { fromS3Error } from './errors'

export interface S3Settings {
  own: { bucket: string; region: string }
  copy: { bucket: string; region: string } | null
  prefix: string
  /** The lab's or a VPC endpoint's address. */
  endpointUrl?: string | undefined
  /** The SDK's own chain (environment, profile, role) when absent. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined
  limits?: Partial<S3Limits>
}

interface S3Limits {
  connectMs: number
  requestMs: number
  /** For a list or a head, with its retries. */
  readTotalMs: number
  /** A stream that brings nothing for this long while somebody waits for it is broken. */
  silentMs: number
  maxPages: number
}

const defaultLimits: S3Limits = {
  connectMs: 3_000,
  requestMs: 10_000,
  readTotalMs: 25_000,
  silentMs: 15_000,
  maxPages: 20,
}

/** Times that a stream is continued without having brought a byte in between. */
const continuations = 3

/** Reading side of Amazon S3: three attempts, short limits, one client for each region. */
export function createS3(
  settings: S3Settings,
): Backups & { bucketAnswers(place: Place, signal: AbortSignal): Promise<void>; close(): void } {
  const limits = { ...defaultLimits, ...settings.limits }
  const buckets = settings.copy ? { own: settings.own, copy: settings.copy } : { own: settings.own }
  const clients = new Map<string, S3Client>()

  const placed = (place: Place) => {
    const found = place === 'own' ? settings.own : settings.copy
    if (!found) throw new Error('no copy is configured')
    return { ...found, who: `S3 in ${found.region}`, client: clientOf(found.region) }
  }

  function clientOf(region: string): S3Client {
    const made = clients.get(region)
    if (made) return made
    const client = new S3Client({
      region,
      maxAttempts: 3,
      // A bucket is found where it was said to be, or not at all: a redirect would lead to a region that nobody allowed.
      followRegionRedirects: false,
      // Sums are compared here, over what was read, and not half way.
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(settings.endpointUrl ? { endpoint: settings.endpointUrl, forcePathStyle: true } : {}),
      ...(settings.credentials ? { credentials: settings.credentials } : {}),
      requestHandler: new NodeHttpHandler({
        connectionTimeout: limits.connectMs,
        requestTimeout: limits.requestMs,
        throwOnRequestTimeout: true,
        // None for the socket: a stream rests while a database builds an index. Its reader watches it instead (`silentMs`).
        socketTimeout: 0,
      }),
    })
    clients.set(region, client)
    return client
  }

  async function asked<T>(who: string, signal: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<T>) {
    const limit = AbortSignal.timeout(limits.readTotalMs)
    const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
    try {
      return await call(abortSignal)
    } catch (error) {
      throw fromS3Error(abortSignal.aborted ? abortSignal.reason : error, who)
    }
  }

  return {
    buckets,
    close() {
      for (const client of clients.values()) client.destroy()
    },

    async bucketAnswers(place, signal) {
      const { bucket, client, who } = placed(place)
      await asked(who, signal, (abortSignal) => client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }))
    },

    async list(place, signal) {
      const { bucket, client, who } = placed(place)
      return asked(who, signal, async (abortSignal) => {
        const found: StoredObject[] = []
        let token: string | undefined
        for (let page = 0; page < limits.maxPages; page++) {
          const input = { Bucket: bucket, Prefix: settings.prefix, ContinuationToken: token }
          const answer = await client.send(new ListObjectsV2Command(input), { abortSignal })
          // An empty answer reads like an empty bucket; the service's own names the bucket and says whether there is more.
          if (answer.Name !== bucket || answer.IsTruncated === undefined) throw unreadableAnswer(who, 200, false)
          for (const { Key, Size, LastModified, ETag, StorageClass } of answer.Contents ?? []) {
            if (Key === undefined || Size === undefined || !LastModified || !ETag)
              throw unreadableAnswer(who, 200, false)
            const uploadedAt = LastModified.getTime()
            found.push({
              key: Key,
              size: Size,
              uploadedAt,
              etag: ETag,
              storageClass: StorageClass ?? 'STANDARD',
              head: null,
            })
          }
          if (!answer.IsTruncated) return found
          if (!answer.NextContinuationToken) throw unreadableAnswer(who, 200, false)
          token = answer.NextContinuationToken
        }
        throw new PortError('other', `${who} has more than ${limits.maxPages} pages of objects below the prefix.`, {
          outcome: 'rejected',
          probe: 'api',
        })
      })
    },

    async head(place, { key, etag, head }, signal) {
      const { bucket, client, who } = placed(place)
      return asked(who, signal, async (abortSignal) => {
        const VersionId = head?.versionId ?? undefined
        const of = { Bucket: bucket, Key: key, VersionId, IfMatch: etag }
        const command = new HeadObjectCommand({ ...of, ChecksumMode: 'ENABLED' })
        const answer = await client.send(command, { abortSignal })
        if (!answer.ETag || answer.ContentLength === undefined) throw unreadableAnswer(who, 200, false)
        return headOf(answer)
      })
    },

    async partSize(place, { key, versionId, etag }, signal) {
      const { bucket, client, who } = placed(place)
      return asked(who, signal, async (abortSignal) => {
        const of = { Bucket: bucket, Key: key, VersionId: versionId ?? undefined, IfMatch: etag, PartNumber: 1 }
        const { ContentLength } = await client.send(new HeadObjectCommand(of), { abortSignal })
        if (ContentLength === undefined) throw unreadableAnswer(who, 200, false)
        return ContentLength
      })
    },

    async *read(place, { key, versionId, etag, size }, signal) {
      const { bucket, client, who } = placed(place)
      let at = 0
      let failures = 0
      while (at < size) {
        const stop = new AbortController()
        const abortSignal = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
        try {
          const Range = at === 0 ? undefined : `bytes=${at}-`
          const command = new GetObjectCommand({
            Bucket: bucket,
            Key: key,
            VersionId: versionId ?? undefined,
            IfMatch: etag,
            Range,
          })
          const { Body, ContentLength } = await client.send(command, { abortSignal })
          if (!Body || ContentLength !== size - at) throw unreadableAnswer(who, 200, false)
          for await (const chunk of watched(Body as AsyncIterable<Uint8Array>, limits.silentMs)) {
            at += chunk.byteLength
            failures = 0
            yield chunk
          }
          // The connection ended early, and said so by nothing but the missing bytes.
          if (at < size) throw cutOff(who)
        } catch (error) {
          const failure = fromS3Error(signal?.aborted ? signal.reason : error, who)
          const again = ['transient', 'timeout', 'unreachable'].includes(failure.errorClass)
          failures += 1
          if (signal?.aborted || !again || failures > continuations) throw failure
        } finally {
          stop.abort()
        }
      }
    },
  }
}

const cutOff = (who: string) =>
  new PortError('transient', `${who} closed the connection before the end of the object.`, {
    code: 'CutOff',
    outcome: 'rejected',
    probe: 'closed',
  })

/** The chunks of a stream; each is waited for at most so long, and only while somebody wants it. */
async function* watched(body: AsyncIterable<Uint8Array>, silentMs: number): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined
      const silent = new Promise<never>((_, fail) => {
        timer = setTimeout(() => fail(new DOMException('The stream is silent.', 'TimeoutError')), silentMs)
      })
      const next = await Promise.race([iterator.next(), silent]).finally(() => clearTimeout(timer))
      if (next.done) return
      yield next.value
    }
  } finally {
    // Not awaited: a stream that is silent does not end either, until its request is aborted.
    void iterator.return?.().catch(() => undefined)
  }
}

const replications: Record<string, ObjectHead['replication']> = {
  PENDING: 'pending',
  COMPLETED: 'completed',
  COMPLETE: 'completed',
  FAILED: 'failed',
  REPLICA: 'replica',
}

function headOf(answer: HeadObjectCommandOutput): ObjectHead {
  const { ChecksumSHA256, ChecksumType, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1 } = answer
  const value = ChecksumSHA256 ?? ChecksumCRC64NVME ?? ChecksumCRC32C ?? ChecksumCRC32 ?? ChecksumSHA1
  const isComposite = ChecksumType === 'COMPOSITE' || /-\d+$/.test(value ?? '')
  return {
    versionId: answer.VersionId ?? null,
    metadata: answer.Metadata ?? {},
    checksum: value
      ? {
          algorithm: ChecksumSHA256 ? 'SHA256' : 'other',
          type: isComposite ? 'COMPOSITE' : 'FULL_OBJECT',
          value,
        }
      : null,
    replication: replications[answer.ReplicationStatus ?? ''] ?? null,
    retrieved: retrievedOf(answer.Restore),
    archiveTier: answer.ArchiveStatus ?? null,
  }
}

/** `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"` */
function retrievedOf(restore: string | undefined): ObjectHead['retrieved'] {
  if (restore === undefined) return null
  if (/ongoing-request="true"/.test(restore)) return { until: null }
  const until = Date.parse(/expiry-date="([^"]+)"/.exec(restore)?.[1] ?? '')
  return Number.isNaN(until) ? null : { until }
}
