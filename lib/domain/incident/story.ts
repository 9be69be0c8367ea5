/** What a person typed into the writing box: its kind by a leading command, and an optional time that back-dates it. */
interface Written {
  kind: 'note' | 'decision' | 'action'
  text: string
  occurredAt: number | null
}

/**
 * Reads "/decision ...", "/action ...", and a leading time "03:12 ..." or "03:12:50 ..." (the writer's wall clock, at
 * most 24 h back; `offsetMinutes` is the zone's distance to UTC in minutes, east positive).
 */
export function readWritten(typed: string, now: number, offsetMinutes: number): Written {
  let text = typed.trim()
  let kind: Written['kind'] = 'note'
  const command = /^\/(decision|action|note)\b\s*/i.exec(text)
  if (command) {
    kind = command[1]?.toLowerCase() as Written['kind']
    text = text.slice(command[0].length)
  }
  const time = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\s+(?=\S)/.exec(text)
  if (!time) return { kind, text, occurredAt: null }
  const shifted = now + offsetMinutes * 60_000
  const midnight = shifted - (shifted % 86_400_000)
  let local = midnight + Number(time[1]) * 3_600_000 + Number(time[2]) * 60_000 + Number(time[3] ?? 0) * 1000
  // A time later than now was meant for yesterday: notes are never written ahead.
  if (local > shifted) local -= 86_400_000
  return { kind, text: text.slice(time[0].length), occurredAt: local - offsetMinutes * 60_000 }
}
