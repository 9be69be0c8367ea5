import { utcWords } from '../units'

/**
 * Damage to the data itself: corruption (S2) and deletion (S4). A failover helps against neither, because every replica holds the
 * same damage. Figures: procedures, section 4.
 */

export const damageKinds = ['corruption', 'deletion'] as const
export type DamageKind = (typeof damageKinds)[number]

export const damageScenario = { corruption: 'S2', deletion: 'S4' } as const satisfies Record<DamageKind, 'S2' | 'S4'>

/**
 * What each rule adds to the confidence of its kind, once however often it applies. Rules of one `group` are different signs of
 * one thing, and count once.
 */
export const damageRules = {
  checksum: { kind: 'corruption', group: 'page', weight: 0.9 },
  'unreadable-page': { kind: 'corruption', group: 'page', weight: 0.9 },
  index: { kind: 'corruption', group: 'page', weight: 0.9 },
  violations: { kind: 'corruption', group: 'violations', weight: 0.4 },
  invariant: { kind: 'corruption', group: 'invariant', weight: 0.6 },
  'table-lost': { kind: 'deletion', group: 'ddl', weight: 0.95 },
  'rows-lost': { kind: 'deletion', group: 'rows', weight: 0.7 },
  'delete-rate': { kind: 'deletion', group: 'rate', weight: 0.4 },
  'relation-missing': { kind: 'deletion', group: 'missing', weight: 0.3 },
} as const satisfies Record<string, { kind: DamageKind; group: string; weight: number }>
export type DamageRule = keyof typeof damageRules

/** From this confidence a finding exists and stays; from the other it is confirmed. */
const damageSuspectedAt = 0.6
export const damageConfirmedAt = 0.75

/** One sign of damage. `lastGoodAt` is null where nothing tells until when the data was good. Times: ms on our clock. */
export interface DamageSign {
  rule: DamageRule
  /** The table, invariant or database that it is about. */
  subject: string
  /** One sentence. */
  says: string
  lastGoodAt: number | null
  firstBadAt: number
}

/** A finding stays until a person dismisses it with a reason. The damage was done after `lastGoodAt` and by `firstBadAt`. */
export interface DamageFinding {
  kind: DamageKind
  /** When it was recognised; with the kind, its name. */
  foundAt: number
  confidence: number
  lastGoodAt: number | null
  firstBadAt: number
  signs: DamageSign[]
}

export function damageConfidence(kind: DamageKind, signs: readonly DamageSign[]): number {
  const groups = new Map<string, number>()
  for (const { rule } of signs) {
    const { kind: of, group, weight } = damageRules[rule]
    if (of === kind) groups.set(group, Math.max(groups.get(group) ?? 0, weight))
  }
  const sum = [...groups.values()].reduce((all, weight) => all + weight, 0)
  return Math.min(1, Math.round(sum * 100) / 100)
}

/** Until when all was good: unknown where one sign cannot tell. */
const earliest = (times: readonly (number | null)[]): number | null => {
  const known = times.flatMap((at) => at ?? [])
  return known.length === times.length ? Math.min(...known) : null
}

/** A finding as its signs make it, the strongest first: it is the headline. */
export function findingFrom(kind: DamageKind, foundAt: number, signs: readonly DamageSign[]): DamageFinding {
  return {
    kind,
    foundAt,
    confidence: damageConfidence(kind, signs),
    lastGoodAt: earliest(signs.map((sign) => sign.lastGoodAt)),
    firstBadAt: Math.min(...signs.map((sign) => sign.firstBadAt)),
    signs: signs.toSorted((a, b) => damageRules[b.rule].weight - damageRules[a.rule].weight),
  }
}

/** The finding that these signs make, or what they add to the one there is; null while they are too few for one. */
export function findingOf(
  kind: DamageKind,
  before: DamageFinding | null,
  signs: readonly DamageSign[],
  now: number,
): DamageFinding | null {
  const known = new Set(before?.signs.map(({ rule, subject }) => `${rule} ${subject}`))
  const added = signs.filter(({ rule, subject }) => damageRules[rule].kind === kind && !known.has(`${rule} ${subject}`))
  if (added.length === 0) return before
  const finding = findingFrom(kind, before?.foundAt ?? now, [...(before?.signs ?? []), ...added])
  return before !== null || finding.confidence >= damageSuspectedAt ? finding : null
}

/** The finding to show: the surer one; of equals the deletion, whose rows can still be fetched back. */
export const gravest = (findings: readonly DamageFinding[]): DamageFinding | null =>
  findings.toSorted((a, b) => b.confidence - a.confidence || b.kind.localeCompare(a.kind))[0] ?? null

/** Between which moments the damage was done. */
export const damageBounds = ({ lastGoodAt, firstBadAt }: Pick<DamageFinding, 'lastGoodAt' | 'firstBadAt'>): string =>
  `Last known good: ${lastGoodAt === null ? 'unknown' : utcWords(lastGoodAt)}. First known bad: ${utcWords(firstBadAt)}.`
