/**
 * XML as the AWS Query protocol writes it: an element per member, lists as repeated elements inside a wrapper,
 * absent members left out altogether.
 */

/** A list member: `<name><itemName>..</itemName>..</name>`; an empty list is an empty wrapper, as RDS writes it. */
export interface XmlList {
  readonly itemName: string
  readonly items: readonly XmlValue[]
}

export type XmlValue = string | number | boolean | Date | XmlList | XmlStructure | null | undefined
export interface XmlStructure {
  readonly [member: string]: XmlValue
}

/** A list whose items carry `itemName`. */
export function xmlList(itemName: string, items: readonly XmlValue[]): XmlList {
  return { itemName, items }
}

function isList(value: XmlStructure | XmlList): value is XmlList {
  return Array.isArray(value.items) && typeof value.itemName === 'string'
}

// XML 1.0 has no way to write these at all; a log line may hold them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being removed
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** Text made safe for an element's content; a carriage return is written as a reference, or parsers fold it. */
export function escapeXml(text: string): string {
  return text
    .replace(unwritable, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replaceAll('\r', '&#xD;')
}

/** One element with everything below it; empty text when the value is null or undefined. */
export function element(name: string, value: XmlValue): string {
  if (value === null || value === undefined) return ''
  return `<${name}>${content(value)}</${name}>`
}

/** The members of a structure, without a wrapper. */
export function members(structure: XmlStructure): string {
  return Object.entries(structure)
    .map(([name, value]) => element(name, value))
    .join('')
}

function content(value: Exclude<XmlValue, null | undefined>): string {
  if (typeof value === 'string') return escapeXml(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString()
  if (isList(value)) return value.items.map((item) => element(value.itemName, item)).join('')
  return members(value)
}
