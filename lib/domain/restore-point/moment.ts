const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,3})?(Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/

/**
 * The instant of a restore point as it travels: RFC 3339 with an offset, to the millisecond; null for anything else. A time
 * without an offset has no instant, and neither has -00:00, by which RFC 3339 says that the offset is unknown.
 */
export function readPoint(text: string): number | null {
  const match = rfc3339.exec(text)
  if (!match || match[8] === '-00:00') return null
  const [, year, month, day] = match.map(Number)
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day))
  // 30 February is no day; the clock of the language would make it one of March.
  if (date.getUTCMonth() + 1 !== month || date.getUTCDate() !== day) return null
  return Date.parse(text)
}

/** A restore point as it travels: "2026-09-08T21:02:10Z", with milliseconds only where it has some. */
export const writePoint = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')

export const pointFormat = 'Give the time with its offset, such as 2026-09-08T21:02:10Z.'
