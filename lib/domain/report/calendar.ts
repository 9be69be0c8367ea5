import { offsetMinutes } from '../zone'

const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
const escaped = (text: string): string =>
  text
    .replace(/[\\;,]/g, (c) => `\\${c}`)
    .replace(/\r?\n/g, '\\n')
    .replace(/\p{Cc}/gu, ' ')

/** Lines of at most 75 bytes, continued by a space (RFC 5545, 3.1). */
function folded(line: string): string {
  const parts: string[] = []
  let part = ''
  for (const character of line) {
    if (Buffer.byteLength(part + character) > (parts.length ? 74 : 75)) {
      parts.push(part)
      part = ''
    }
    part += character
  }
  return [...parts, part].join('\r\n ')
}

/** A calendar file with one meeting (RFC 5545). `at` and `now` in ms. */
export function calendarFile(meeting: {
  uid: string
  at: number
  /** The zone (IANA name) whose clocks the meeting follows. */
  zone: string
  minutes: number
  title: string
  text: string
  url: string
  now: number
}): string {
  const before = offsetMinutes(meeting.at, meeting.zone)
  const two = (n: number) => String(n).padStart(2, '0')
  const offset = `${before < 0 ? '-' : '+'}${two(Math.floor(Math.abs(before) / 60))}${two(Math.abs(before) % 60)}`
  const local = (at: number) => stamp(at + before * 60_000).slice(0, -1)
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//CastMatch//War Room//EN',
    'METHOD:PUBLISH',
    // One offset is all that one meeting needs of its zone: that of its own day.
    'BEGIN:VTIMEZONE',
    `TZID:${meeting.zone}`,
    'BEGIN:STANDARD',
    'DTSTART:19700101T000000',
    `TZOFFSETFROM:${offset}`,
    `TZOFFSETTO:${offset}`,
    'END:STANDARD',
    'END:VTIMEZONE',
    'BEGIN:VEVENT',
    `UID:${meeting.uid}`,
    `DTSTAMP:${stamp(meeting.now)}`,
    `DTSTART;TZID=${meeting.zone}:${local(meeting.at)}`,
    `DTEND;TZID=${meeting.zone}:${local(meeting.at + meeting.minutes * 60_000)}`,
    `SUMMARY:${escaped(meeting.title)}`,
    `DESCRIPTION:${escaped(meeting.text)}`,
    `URL:${meeting.url}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ]
    .map(folded)
    .join('\r\n')
}
