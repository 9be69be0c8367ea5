/**
 * Does a message consist of packets that GnuPG 2.2 knows (RFC 9580): session keys of version 3 or 4, then data that is protected
 * by a modification detection code? Newer ones are authenticated in a way that only the library knows. Null: its beginning is too short.
 */
export function isForGpg(head: Uint8Array): boolean | null {
  let at = 0
  for (;;) {
    const found = packetAt(head, at)
    if (found === null) return null
    const { tag, version, end } = found
    if (tag === 18) return version === 1
    const isSessionKey = (tag === 1 && version === 3) || (tag === 3 && version === 4)
    if (!isSessionKey || end === null) return false
    at = end
  }
}

/** The kind, first byte and end of a packet; null when the data end in its head. */
function packetAt(data: Uint8Array, at: number): { tag: number; version: number; end: number | null } | null {
  const [first, length, second, third, fourth, fifth] = data.subarray(at, at + 6)
  if (first === undefined || length === undefined) return null
  const isNew = (first & 0x40) !== 0
  const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f
  const body = (headLength: number, size: number | null) => {
    const version = data[at + headLength]
    return version === undefined ? null : { tag, version, end: size === null ? null : at + headLength + size }
  }
  const big = (...bytes: (number | undefined)[]) => bytes.reduce<number>((sum, byte) => sum * 256 + (byte ?? 0), 0)
  if (isNew) {
    if (length < 192) return body(2, length)
    if (length < 224) return body(3, (length - 192) * 256 + (second ?? 0) + 192)
    if (length === 255) return body(6, big(second, third, fourth, fifth))
    return body(2, null)
  }
  switch (first & 0x03) {
    case 0:
      return body(2, length)
    case 1:
      return body(3, big(length, second))
    case 2:
      return body(5, big(length, second, third, fourth))
    default:
      return body(1, null)
  }
}
