import { S3Error } from './errors'

const longestLine = 8192

/**
 * Takes the framing of `aws-chunked` off a body: `size[;chunk-signature=...]`, the bytes, and after the last chunk trailers
 * such as the checksum. Signatures of single chunks are not checked.
 */
export async function* decodeChunked(
  body: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  let buffer: Buffer = Buffer.alloc(0)
  /** Bytes of the present chunk still to come; null between chunks. */
  let left: number | null = null
  let isTrailer = false
  for await (const chunk of body) {
    buffer = buffer.length ? Buffer.concat([buffer, chunk]) : chunk
    for (;;) {
      if (left !== null) {
        const data: Buffer = buffer.subarray(0, left)
        if (data.length) yield data
        left -= data.length
        buffer = buffer.subarray(data.length)
        if (left > 0 || buffer.length < 2) break
        // The line break that ends a chunk.
        buffer = buffer.subarray(2)
        left = null
      }
      const end = buffer.indexOf('\r\n')
      if (end < 0) {
        if (buffer.length > longestLine) throw incomplete()
        break
      }
      const line = buffer.subarray(0, end).toString('latin1')
      buffer = buffer.subarray(end + 2)
      if (isTrailer) {
        const at = line.indexOf(':')
        if (at > 0) trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim())
        continue
      }
      const size = Number.parseInt(line.split(';')[0] ?? '', 16)
      if (!(size >= 0)) throw incomplete()
      isTrailer = size === 0
      left = isTrailer ? null : size
    }
  }
  if (!isTrailer) throw incomplete()
}

const incomplete = () =>
  new S3Error('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header.')
