/** A moment as clocks on the wall of a zone show it; months from 1. */
interface WallTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

/** One for each zone: making one costs more than all that is asked of it. */
const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf(zone: string): Intl.DateTimeFormat {
  const made = clocks.get(zone)
  if (made) return made
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  clocks.set(zone, clock)
  return clock
}

/** What the clocks of a zone (IANA name) show at an instant. Throws RangeError for an unknown zone. */
export function wallTimeAt(at: number, zone: string): WallTime & { second: number } {
  const shown = new Map<string, number>(
    clockOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const of = (type: string) => shown.get(type) ?? 0
  return {
    year: of('year'),
    month: of('month'),
    day: of('day'),
    hour: of('hour'),
    minute: of('minute'),
    second: of('second'),
  }
}

/** The same as the time, ms, at which clocks of UTC show it; to the second. */
export function wallClockMs(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = wallTimeAt(at, zone)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** How far a zone is before UTC at an instant, minutes: -480 for Los Angeles in winter. */
export function offsetMinutes(at: number, zone: string): number {
  return Math.round((wallClockMs(at, zone) - Math.floor(at / 1000) * 1000) / 60_000)
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
