import { expect, test } from 'vitest'
import { decodeChunked } from './chunked'

const framed = Buffer.from(
  '5\r\nhello\r\n8;chunk-signature=00ff\r\n\r\n0\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:00ff\r\n\r\n',
)

async function decoded(...chunks: Buffer[]) {
  const trailers = new Map<string, string>()
  const parts: Buffer[] = []
  const body = async function* () {
    yield* chunks
  }
  for await (const part of decodeChunked(body(), trailers)) parts.push(part)
  return { text: Buffer.concat(parts).toString(), trailers: Object.fromEntries(trailers) }
}

test('the bytes and the trailers come out, wherever the network cuts the body', async () => {
  for (let cut = 0; cut <= framed.length; cut += 1)
    expect(await decoded(framed.subarray(0, cut), framed.subarray(cut))).toEqual({
      text: 'hello\r\n0\r\nabc',
      trailers: { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-trailer-signature': '00ff' },
    })
  const single = Array.from(framed, (byte) => Buffer.from([byte]))
  expect((await decoded(...single)).text).toBe('hello\r\n0\r\nabc')
})

test('a body that ends before its last chunk, or has no size where one belongs, is incomplete', async () => {
  const last = framed.indexOf('\r\n0\r\nx-amz')
  for (let end = 0; end <= last + 2; end += 1)
    await expect(decoded(framed.subarray(0, end))).rejects.toMatchObject({ code: 'IncompleteBody' })
  await expect(decoded(Buffer.from('zz\r\nhello\r\n'))).rejects.toMatchObject({ code: 'IncompleteBody' })
})
