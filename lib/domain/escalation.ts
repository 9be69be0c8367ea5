/** When somebody can be reached, as the escalation matrix says it. */
type Availability =
  | { kind: 'always' }
  | { kind: 'business-hours'; zone: string; fromHour: number; toHour: number }
  | { kind: 'emergency-only' }

interface Reachability {
  now: boolean
  /** "24/7", "until 17:00 their time", "from Mon 09:00 their time", "emergencies only". */
  words: string
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

/** Weekday (0 = Sunday), hour and minute of an instant in a zone (IANA name). Throws RangeError for an unknown zone. */
function localTime(atMs: number, zone: string): { weekday: number; hour: number; minute: number } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(atMs)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return {
    weekday: weekdays.indexOf(of('weekday') as (typeof weekdays)[number]),
    hour: Number(of('hour')),
    minute: Number(of('minute')),
  }
}

/** Can a level of the matrix be reached at an instant? Business hours are Monday to Friday in the contact's own zone. */
export function reachable(availability: Availability, atMs: number): Reachability {
  switch (availability.kind) {
    case 'always':
      return { now: true, words: '24/7' }
    case 'emergency-only':
      return { now: true, words: 'emergencies only' }
    case 'business-hours': {
      const { weekday, hour } = localTime(atMs, availability.zone)
      const workday = weekday >= 1 && weekday <= 5
      const clock = (h: number) => `${String(h).padStart(2, '0')}:00`
      if (workday && hour >= availability.fromHour && hour < availability.toHour)
        return { now: true, words: `until ${clock(availability.toHour)} their time` }
      const opensToday = workday && hour < availability.fromHour
      const next = opensToday ? weekday : weekday >= 5 || weekday === 0 ? 1 : weekday + 1
      return { now: false, words: `from ${weekdays[next] ?? ''} ${clock(availability.fromHour)} their time` }
    }
  }
}
