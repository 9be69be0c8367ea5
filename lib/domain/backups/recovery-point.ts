import { durationWords } from '../units'
import type { DamageBounds } from './types'
import type { RecoveryPoint } from './view'

/** The loss of a restore from a backup: all that was written since it was begun, up to the damage or to now. */
export function recoveryPointOf(
  { takenAt }: { takenAt: number },
  damage: Pick<DamageBounds, 'firstBadAt'> | null,
  now: number,
  rpo: { targetSeconds: number; maximumSeconds: number },
): RecoveryPoint {
  const lossMs = Math.max(0, (damage?.firstBadAt ?? now) - takenAt)
  const [targetMs, maximumMs] = [rpo.targetSeconds * 1000, rpo.maximumSeconds * 1000]
  return {
    takenAt,
    lossMs,
    until: damage ? 'damage' : 'now',
    targetMs,
    maximumMs,
    verdict: lossMs <= targetMs ? 'met' : lossMs <= maximumMs ? 'within-maximum' : 'breached',
  }
}

/** "12 min 3 s of writes; the target is 15 min and the maximum 60 min" */
export const lossWords = ({ lossMs, targetMs, maximumMs }: RecoveryPoint): string =>
  `${durationWords(lossMs)} of writes; the target is ${durationWords(targetMs)} and the maximum ${durationWords(maximumMs)}`

/** The bounds of all damage that was found: what was taken after the first of it holds some of it. */
export function boundsOf(findings: readonly DamageBounds[]): DamageBounds | null {
  const [first] = findings
  if (!first) return null
  const good = findings.map(({ lastGoodAt }) => lastGoodAt)
  return {
    lastGoodAt: good.reduce(
      (least, at) => (least === null || at === null ? null : Math.min(least, at)),
      first.lastGoodAt,
    ),
    firstBadAt: Math.min(...findings.map(({ firstBadAt }) => firstBadAt)),
  }
}
