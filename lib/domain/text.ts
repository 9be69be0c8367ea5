/*
 * What text may contain. Control characters change what a terminal, a log or a chat shows, NUL cannot be kept by PostgreSQL,
 * and half of a character (a lone surrogate) cannot be kept as JSON. People are told at the field; what machines send is
 * cleaned, because an alert must not be lost for its spelling.
 */

/** Control characters (Unicode Cc) other than tab and line breaks, and halves of characters. */
const controls = /(?![\t\n\r])\p{Cc}|\p{Cs}/u
const everyControl = new RegExp(controls, 'gu')
/** What one line cannot hold either: tabs, line breaks, and characters that turn the direction of what follows. */
const notInLine = /[\t\n\r\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

export const controlsMessage = 'This contains a control character. Remove it.'

/** Does a text contain what cannot be kept or shown? Tabs and line breaks are fine here. */
export const hasControls = (text: string): boolean => controls.test(text)

/** Is it one line without anything that cannot be kept or shown: a login, a name, a label? */
export const isLine = (text: string): boolean => !controls.test(text) && !notInLine.test(text)

/** A machine's text, with every character that cannot be kept replaced by U+FFFD. */
export const cleanText = (text: string): string => text.replace(everyControl, '\ufffd')

/** The same as one line, without blanks at its ends. */
export const cleanLine = (text: string): string =>
  cleanText(text).replace(new RegExp(notInLine, 'gu'), ' ').replace(/\s+/g, ' ').trim()

/**
 * The beginning of a text, at most so many UTF-16 units long, cut between characters as people see them: never inside a
 * surrogate pair, and not inside an emoji that is made of several.
 */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text
  let end = 0
  // A little more than may stay, so that a character that begins inside and ends outside is seen whole.
  for (const { index, segment } of new Intl.Segmenter('en').segment(text.slice(0, most + 64))) {
    if (index + segment.length > most) break
    end = index + segment.length
  }
  // One character is longer than all that may stay: then no half of a pair.
  if (end === 0) end = most - (/[\ud800-\udbff]/.test(text.charAt(most - 1)) ? 1 : 0)
  return text.slice(0, end)
}

/** The same with an ellipsis for what was cut off. */
export const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${cutText(text, most - 1)}…`

/** The first letters of a name's first two words. */
export const initials = (name: string): string =>
  name
    .trim()
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...new Intl.Segmenter('en').segment(word)][0]?.segment ?? '')
    .join('')
    .toUpperCase()

/** The fields of something that was sent, as paths such as `inputs.reason`, whose text or name contains control characters. */
export function fieldsWithControls(sent: unknown): string[] {
  const found: string[] = []
  const left: { value: unknown; path: string }[] = [{ value: sent, path: '' }]
  for (let at = left.pop(); at; at = left.pop()) {
    const { value, path } = at
    if (typeof value === 'string') {
      if (hasControls(value)) found.push(path || 'form')
    } else if (value && typeof value === 'object') {
      const members: Iterable<[unknown, unknown]> =
        value instanceof Map ? value : value instanceof Set ? value.entries() : Object.entries(value)
      for (const [key, member] of members) {
        const name = String(key)
        const inside = path ? `${path}.${cleanText(name)}` : cleanText(name)
        if (hasControls(name)) found.push(inside)
        left.push({ value: member, path: inside })
      }
    }
  }
  return found
}

/** A value with every text in it cleaned, for what is kept as JSON. */
export function storable<T>(value: T): T
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) return value.map((member) => storable(member))
  if (value && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [cleanText(name), storable(member)]))
  return value
}

/** A name as PostgreSQL takes it, whatever it contains. */
export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`
