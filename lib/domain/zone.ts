/** A moment as clocks on the wall of a zone show it; months from 1. */
export interface WallTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

const parts = (zone: string) =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })

/** What the clocks of a zone (IANA name) show at an instant. Throws RangeError for an unknown zone. */
export function wallTimeAt(at: number, zone: string): WallTime {
  const shown = new Map<string, number>(
    parts(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const of = (type: string) => shown.get(type) ?? 0
  return { year: of('year'), month: of('month'), day: of('day'), hour: of('hour'), minute: of('minute') }
}

/** How far a zone is before UTC at an instant, minutes: -480 for Los Angeles in winter. */
export function offsetMinutes(at: number, zone: string): number {
  const { year, month, day, hour, minute } = wallTimeAt(at, zone)
  return Math.round((Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / 60_000) * 60_000) / 60_000)
}

/** The instant at which the clocks of a zone show this; days beyond the end of the month run on into the next. */
export function instantOf(time: WallTime, zone: string): number {
  const asUtc = Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute)
  // The offset of the guess may be that of the other side of a change of the clocks; a second look is right.
  const guess = asUtc - offsetMinutes(asUtc, zone) * 60_000
  return asUtc - offsetMinutes(guess, zone) * 60_000
}

/** "UTC-8", "UTC+5:30", "UTC". */
export function offsetWords(at: number, zone: string): string {
  const minutes = offsetMinutes(at, zone)
  if (minutes === 0) return 'UTC'
  const [h, m] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `UTC${minutes < 0 ? '-' : '+'}${h}${m ? `:${String(m).padStart(2, '0')}` : ''}`
}
