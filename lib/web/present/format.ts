import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { MeasureView } from '../../domain/run/measure'
import { utcWords } from '../../domain/units'
import { offsetWords } from '../../domain/zone'
import { viewerZone } from './first-reading'

/**
 * How quantities read on a screen. Pure: a value in, words out; `null` in is a dash out, because what is not known is
 * never shown as zero. Times are milliseconds unless a name says seconds.
 */

export const dash = '–'

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

function scaleBytes(bytes: number): { value: number; unit: (typeof byteUnits)[number] } {
  let value = Math.abs(bytes)
  let index = 0
  while (value >= 999.5 && index < byteUnits.length - 1) {
    value /= 1000
    index++
  }
  return { value, unit: byteUnits[index] ?? 'PB' }
}

const byteDigits = (value: number, unit: string) =>
  unit === 'B' || unit === 'kB' || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)

/** Bytes in decimal units: "0 B", "31 kB", "2.2 MB". */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return dash
  const { value, unit } = scaleBytes(bytes)
  return `${bytes < 0 ? '-' : ''}${byteDigits(value, unit)} ${unit}`
}

/** A range of bytes, the unit said once when both ends share it: "39 kB–2.2 MB", "1.2–3.3 MB". */
export function formatBytesRange(from: number, to: number | null): string {
  if (to === null) return `at least ${formatBytes(from)}`
  const [low, high] = [formatBytes(from), formatBytes(to)]
  if (low === high) return low
  const [lowNumber, lowUnit] = low.split(' ')
  return lowUnit === high.split(' ')[1] ? `${lowNumber}–${high}` : `${low}–${high}`
}

/** A short span as people say it: "0.4 s", "22 s", "3 min 05 s", "2 h 10 min", "15 d 04 h". */
export function formatSeconds(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return dash
  const s = Math.max(0, seconds)
  if (s < 9.95) return `${s.toFixed(1)} s`
  if (s < 99.5) return `${Math.round(s)} s`
  return formatSpan(s)
}

function formatSpan(seconds: number): string {
  const whole = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
  return `${Math.floor(whole / 86_400)} d ${two(Math.floor((whole % 86_400) / 3600))} h`
}

/** A range of seconds: "0.4–22.4 s", "4.6–102 s", "0.4 s–17 min"; one figure when both ends read the same. */
export function formatSecondsRange(from: number, to: number): string {
  if (to < 999.5) {
    const digits = (s: number) => (s < 99.95 ? s.toFixed(1) : s.toFixed(0))
    const [low, high] = [digits(from), digits(to)]
    return low === high ? `${low} s` : `${low}–${high} s`
  }
  const coarse = (s: number) =>
    s < 999.5 ? formatSeconds(s) : s < 5970 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`
  const [low, high] = [coarse(from), coarse(to)]
  return low === high ? low : `${low}–${high}`
}

/** Age of an observation: tenths below ten seconds, then whole units. */
export function formatAge(ageMs: number | null): string {
  if (ageMs === null || !Number.isFinite(ageMs)) return dash
  const s = Math.max(0, ageMs) / 1000
  if (s < 9.95) return `${s.toFixed(1)} s`
  if (s < 99.5) return `${Math.round(s)} s`
  if (s < 5940) return `${Math.round(s / 60)} min`
  if (s < 172_800) return `${Math.round(s / 3600)} h`
  return `${Math.round(s / 86_400)} d`
}

/** A running clock: "mm:ss" below an hour, "h:mm:ss" above; never negative. */
export function formatClock(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '––:––'
  const whole = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`
}

/** One for each zone: making one costs more than all else about a row of a timeline. */
const timesOfDay = new Map<string | undefined, Intl.DateTimeFormat>()

/** Time of day in the viewer's zone (or the zone given), 24 hours with seconds. */
export function formatTimeOfDay(at: number, timeZone = viewerZone()): string {
  let format = timesOfDay.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone })
    timesOfDay.set(timeZone, format)
  }
  return format.format(at)
}

/** A day in the viewer's zone, "5 Dec" unless said otherwise. */
export const formatDate = (at: number, look: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' }): string =>
  new Date(at).toLocaleDateString('en-GB', { timeZone: viewerZone(), ...look })

/** Day and time of the reader's clock: "5 Dec 17:20". */
export const formatDay = (at: number): string => `${formatDate(at)} ${formatTimeOfDay(at).slice(0, 5)}`

/** A digest as every screen, report and card shows it: its beginning and its end. */
export const formatDigest = (digest: string): string => `${digest.slice(0, 4)}·${digest.slice(-4)}`

/** Day and time of the reader's clock to the second, as a report needs it: "5 Dec 17:20:31". */
export const formatMoment = (at: number): string => `${formatDate(at)} ${formatTimeOfDay(at)}`

/** The zone of the times on this page, by name and distance to UTC at that moment: "Europe/Berlin (UTC+1)". */
export function formatZone(at: number): string {
  const zone = viewerZone() ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  return `${zone} (${offsetWords(at, zone)})`
}

/** A share as a percentage with as many digits as matter near one: "99.996 %". */
export function formatPercent(share: number | null, digits = 1): string {
  return share === null || !Number.isFinite(share) ? dash : `${(share * 100).toFixed(digits)} %`
}

/**
 * By key, the part of a node's name that tells it from its siblings: "replica-1" of "castmatch-prod-replica-1"; with the
 * region where a node of another one has the same name.
 */
export function shortNames(ids: readonly string[]): Record<string, string> {
  const parts = ids.map((id) => readNodeKey(id).name.split('-'))
  const out: Record<string, string> = {}
  for (const [i, id] of ids.entries()) {
    const own = parts[i] ?? []
    let shared = 0
    for (const other of parts) {
      // A namesake in another region is told by that.
      if (other.join('-') === own.join('-')) continue
      let n = 0
      while (n < own.length - 1 && n < other.length - 1 && own[n] === other[n]) n++
      shared = Math.max(shared, n)
    }
    // A name whose siblings share "prod-replica" keeps "replica": a bare number would say nothing.
    while (shared > 0 && /^\d+$/.test(own[shared] ?? '')) shared--
    const { name } = readNodeKey(id)
    const short = own.slice(shared).join('-') || name
    const namesake = ids.some((other) => other !== id && readNodeKey(other).name === name)
    out[id] = namesake ? nodeWords(id, () => short) : short
  }
  return out
}

/** A figure that a run measured, in its unit. */
export function formatMeasure({ value, unit }: Pick<MeasureView, 'value' | 'unit'>): string {
  if (value === null) return 'unknown'
  switch (unit) {
    case 'time':
      return utcWords(value)
    case 'seconds':
      return formatSeconds(value)
    case 'bytes':
      return formatBytes(value)
    case 'count':
      return String(value)
  }
}
