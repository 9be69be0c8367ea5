import { pickTimeOfDay, type TimeQuestion } from '../local-time'

/** What a person typed into the writing box: its kind by a leading command, and an optional time that back-dates it. */
interface Written {
  kind: 'note' | 'decision' | 'action'
  text: string
  occurredAt: number | null
  /** The time that was typed exists twice on this day, or not at all: its writer chooses. */
  question: TimeQuestion | null
}

/**
 * Reads "/decision ...", "/action ...", and a leading time "03:12 ..." or "03:12:50 ...": the last moment at which the clocks
 * of the writer's zone (IANA name) showed it, because notes are never written ahead.
 */
export function readWritten(typed: string, now: number, zone: string): Written {
  let text = typed.trim()
  let kind: Written['kind'] = 'note'
  const command = /^\/(decision|action|note)\b\s*/i.exec(text)
  if (command) {
    kind = command[1]?.toLowerCase() as Written['kind']
    text = text.slice(command[0].length)
  }
  const time = /^([01]?\d|2[0-3])(:[0-5]\d(?::[0-5]\d)?)\s+(?=\S)/.exec(text)
  if (!time) return { kind, text, occurredAt: null, question: null }
  const { at, question } = pickTimeOfDay(`${time[1]?.padStart(2, '0')}${time[2]}`, now, zone)
  return { kind, text: text.slice(time[0].length), occurredAt: at, question }
}
