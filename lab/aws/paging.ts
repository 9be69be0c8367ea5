import { invalidValue } from './errors'
import type { Parameters } from './parameters'

/**
 * One page by Marker and MaxRecords (20 to 100, 100 unless asked). The marker names the first item of the next page
 * by its place, and is refused when it is not one of ours.
 */
export function page<T>(parameters: Parameters, items: readonly T[]): { items: T[]; Marker: string | null } {
  const max = parameters.integer('MaxRecords') ?? 100
  if (max < 20 || max > 100) {
    throw invalidValue(`Invalid value ${max} for MaxRecords. Must be between 20 and 100`)
  }
  const marker = parameters.text('Marker')
  const start = marker === null || marker === '' ? 0 : readMarker(marker)
  const next = start + max
  return {
    items: items.slice(start, next),
    Marker: next < items.length ? Buffer.from(`from:${next}`).toString('base64url') : null,
  }
}

function readMarker(marker: string): number {
  const match = /^from:(\d{1,9})$/.exec(Buffer.from(marker, 'base64url').toString())
  if (!match) throw invalidValue(`Invalid value ${marker} for Marker.`)
  return Number(match[1])
}

/** The items that every filter lets through; `known` reads the filtered value of an item. Throws InvalidParameterValue. */
export function filtered<T>(
  parameters: Parameters,
  items: readonly T[],
  known: Record<string, (item: T) => string | null>,
): T[] {
  const filters = parameters.filters().map(({ name, values }) => {
    const read = Object.hasOwn(known, name) ? known[name] : undefined
    if (!read) throw invalidValue(`Unrecognized filter name: ${name}`)
    if (values.length === 0) throw invalidValue(`Filter ${name} has no values.`)
    // A filter may hold ARNs where it holds names.
    const wanted = new Set(values.map((value) => (value.split(':').at(-1) ?? value).toLowerCase()))
    return (item: T) => {
      const value = read(item)
      return value !== null && wanted.has(value.toLowerCase())
    }
  })
  return items.filter((item) => filters.every((lets) => lets(item)))
}
