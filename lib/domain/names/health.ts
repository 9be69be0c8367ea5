import type { CheckObservation, NameHealthCheck } from './types'

/** More than this part of the checkers must find the endpoint well (Route 53, "how Route 53 determines ... healthy"). */
const healthyShare = 0.18

/**
 * How Route 53 counts a check when it chooses between the records of a pair: a disabled one counts as healthy, and an inverted one
 * the other way round (procedures, P3.8). Without an observation it is unknown.
 */
export function countedHealth(
  { disabled, inverted }: Pick<NameHealthCheck, 'disabled' | 'inverted'>,
  observations: readonly Pick<CheckObservation, 'passed'>[],
): 'healthy' | 'unhealthy' | 'unknown' {
  if (!disabled && observations.length === 0) return 'unknown'
  const share = observations.filter(({ passed }) => passed).length / observations.length
  const passes = disabled || share > healthyShare
  return passes !== inverted ? 'healthy' : 'unhealthy'
}
