import { cutText } from '../text'
/** A WAL position as PostgreSQL writes it, "3A/7F4C21D8", as a count of bytes. Throws RangeError on anything else. */
export function parseLsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text)
  if (!match) throw new RangeError(`"${cutText(text, 40)}" is not a WAL position`)
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)
}

/** The opposite of `parseLsn`. Throws RangeError outside 64 bits. */
export function formatLsn(lsn: bigint): string {
  if (lsn < 0n || lsn >= 1n << 64n) throw new RangeError('A WAL position has 64 bits')
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
}

/** Bytes from one position to a later one; 0 when the second is not later. */
export function bytesBetween(from: bigint, to: bigint): number {
  return to > from ? Number(to - from) : 0
}
