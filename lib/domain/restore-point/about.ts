import { type DamageFinding, damageScenario } from '../cluster/damage'
import { utcWords } from '../units'
import { type DamageBounds, type PointLimits, secondBefore, suggestedPoint } from './window'

/** Damage as a restore point is held against it. */
export interface PointDamage extends DamageBounds {
  says: string
}

type Found = Pick<DamageFinding, 'kind' | 'lastGoodAt' | 'firstBadAt' | 'signs'>

/**
 * Which damage an incident is about, and what else was found and is not dismissed: a point before the one may be after the other.
 * All of it where the incident's scenario names none of it.
 */
export function damageAbout<F extends Found>(
  findings: readonly F[],
  scenario: string | null,
): { about: F[]; others: F[] } {
  const about = findings.filter(({ kind }) => damageScenario[kind] === scenario)
  return about.length === 0
    ? { about: [...findings], others: [] }
    : { about, others: findings.filter((one) => !about.includes(one)) }
}

/** A finding in one sentence, with its bounds. */
export const pointDamage = ({ lastGoodAt, firstBadAt, signs }: Found): PointDamage => ({
  lastGoodAt,
  firstBadAt,
  says: signs[0]?.says ?? 'Data is damaged.',
})

/** The point to begin with and why it is that one; without a point, why none can be suggested. */
export function pointSuggestion(
  limits: PointLimits,
  about: readonly PointDamage[],
): { at: number | null; why: string } {
  const { window, damage } = limits
  const at = suggestedPoint(limits)
  const what = about.map(({ says }) => says).join(' ')
  const of = what === '' ? '' : ` ${what}`
  if (at === null) {
    if (!window.known) return { at, why: `The restore window is unknown: ${window.why}` }
    const since = damage.firstBadAt === null ? '' : ` The damage was first seen at ${utcWords(damage.firstBadAt)}.${of}`
    return { at, why: `No point inside the restore window is before the damage.${since}` }
  }
  if (damage.lastGoodAt !== null && at <= damage.lastGoodAt && damage.lastGoodAt - at < 1_000)
    return { at, why: `The data was last known to be good then.${of}` }
  if (damage.firstBadAt !== null && at === secondBefore(damage.firstBadAt))
    return { at, why: `The damage was first seen after that second.${of}` }
  return {
    at,
    why:
      damage.firstBadAt === null
        ? 'It is the latest restorable time: no damage is known.'
        : `It is the latest restorable time, and before the damage.${of}`,
  }
}

/** Other damage that a copy of this point contains, or may contain, one sentence for each. */
export const otherDamageIn = (at: number, others: readonly PointDamage[]): string[] =>
  others.flatMap(({ says, lastGoodAt, firstBadAt }) =>
    firstBadAt !== null && at >= firstBadAt
      ? [`The copy will contain other damage, first seen at ${utcWords(firstBadAt)}: ${says}`]
      : lastGoodAt === null || at > lastGoodAt
        ? [`The copy may contain other damage: ${says}`]
        : [],
  )
