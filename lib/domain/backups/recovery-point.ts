import type { BackupCatalogue, DamageBounds } from './types'
import type { RecoveryPoint } from './view'

/** The loss of a restore from the recommended backup: all that was written since it was begun, up to the damage or to now. */
export function recoveryPointOf(
  { rows }: Pick<BackupCatalogue, 'rows'>,
  damage: DamageBounds | null,
  now: number,
  rpo: { targetSeconds: number; maximumSeconds: number },
): RecoveryPoint | null {
  const best = rows.find(({ verdict }) => verdict === 'recommended')
  if (!best) return null
  const lossMs = Math.max(0, (damage?.firstBadAt ?? now) - best.takenAt)
  const [targetMs, maximumMs] = [rpo.targetSeconds * 1000, rpo.maximumSeconds * 1000]
  return {
    takenAt: best.takenAt,
    lossMs,
    until: damage ? 'damage' : 'now',
    targetMs,
    maximumMs,
    verdict: lossMs <= targetMs ? 'met' : lossMs <= maximumMs ? 'within-maximum' : 'breached',
  }
}

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
