/** Plain conversions and the few ways in which figures are worded in sentences. */

export const minutes = (n: number): number => n * 60_000
export const hours = (n: number): number => n * 3_600_000
export const days = (n: number): number => n * 86_400_000

/** A duration in words short enough for a sentence: "0.4 s", "18 s", "3 min", "2 h 10 min". */
export function durationWords(ms: number): string {
  const s = Math.max(0, ms) / 1000
  // Rounded before the unit is chosen: 9.96 s is 10 s, 3 h 59 min 45 s are 4 h.
  if (s < 9.95) return `${s.toFixed(1)} s`
  if (s < 119.5) return `${Math.round(s)} s`
  const min = Math.round(s / 60)
  if (min < 120) return `${min} min`
  return min % 60 === 0 ? `${min / 60} h` : `${Math.floor(min / 60)} h ${min % 60} min`
}

/** A moment in words: "2026-09-14 03:11:43 UTC". */
export const utcWords = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
/** The same to the minute. */
export const utcMinute = (at: number): string => `${utcWords(at).slice(0, 16)} UTC`
/** Its time of day alone: "03:11 UTC". */
export const utcTimeOfDay = (at: number): string => utcMinute(at).slice(11)

/** Bytes in decimal units, three digits at most: "0 B", "39 kB", "2.2 MB". */
export function byteWords(bytes: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 999.5 && unit < names.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${names[unit]}`
}

const small = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
/** A count in words up to nine, in figures beyond. */
export function countWord(n: number): string {
  return small[n] ?? String(n)
}

/** "readers" or "reader", by count. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return n === 1 ? one : many
}

/** "3 readers" or "1 reader". */
export const counted = (n: number, one: string, many?: string): string => `${n} ${plural(n, one, many)}`

/** "a", "a and b", "a, b and c". */
export function listWords(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? ''
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
