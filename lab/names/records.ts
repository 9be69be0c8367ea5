import { z } from 'zod'

export const recordTypes = ['A', 'AAAA', 'CNAME', 'NS', 'SOA', 'TXT'] as const
export type RecordType = (typeof recordTypes)[number]
export const isRecordType = (text: string): text is RecordType => recordTypes.some((type) => type === text)

const recordSetSchema = z.object({
  /** In small letters, with the dot at its end. */
  name: z.string(),
  type: z.enum(recordTypes),
  ttl: z.number(),
  values: z.array(z.string()),
  /** One of a pair: which is answered follows from the health of the first. */
  failover: z.object({ role: z.enum(['PRIMARY', 'SECONDARY']), identifier: z.string() }).nullable(),
  healthCheckId: z.string().nullable(),
})
/** A record set as Route 53 keeps it. */
export type RecordSet = z.infer<typeof recordSetSchema>

export const zoneSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Only resolvers of the network answer for it. */
  isPrivate: z.boolean(),
  records: z.array(recordSetSchema),
})
export type Zone = z.infer<typeof zoneSchema>

/** `Db.Castmatch.Internal` -> `db.castmatch.internal.` */
export const canonicalName = (name: string): string => `${name.toLowerCase().replace(/\.$/, '')}.`

export const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`)

/** The zone that a name belongs to: the longest of those whose name it ends with. */
export function zoneOf<T extends { name: string }>(zones: readonly T[], name: string): T | null {
  const found = zones.filter((zone) => isWithin(name, zone.name))
  return found.sort((a, b) => b.name.length - a.name.length)[0] ?? null
}

export const isSameSet = (a: RecordSet, b: RecordSet): boolean =>
  a.name === b.name && a.type === b.type && (a.failover?.identifier ?? null) === (b.failover?.identifier ?? null)

const reversed = (name: string) => name.split('.').reverse().join('.').replace(/^\./, '')

/** Route 53's order: by name with the labels reversed, then by type, then by identifier. */
export function inOrder(records: readonly RecordSet[]): RecordSet[] {
  const key = (set: RecordSet) => [reversed(set.name), set.type, set.failover?.identifier ?? ''].join('\u0000')
  return [...records].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Does it come at or behind this place in that order? */
export function isFrom(
  set: RecordSet,
  from: { name: string; type: string | null; identifier: string | null },
): boolean {
  const [mine, asked] = [reversed(set.name), reversed(from.name)]
  if (mine !== asked) return mine > asked
  if (from.type === null || set.type !== from.type) return from.type === null || set.type > from.type
  return from.identifier === null || (set.failover?.identifier ?? '') >= from.identifier
}
