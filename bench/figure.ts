/** One figure of a benchmark: our side and theirs from the same run, because machines are shared and noisy. */
export interface Figure {
  bench: string
  metric: string
  ours: number
  theirs: number | null
  unit: string
  /** How many observations stand behind the figure. */
  n: number
  goal: string
  met: boolean
}

/** The p-quantile (0..1) of the observations, by the nearest-rank rule. Throws RangeError when there are none. */
export function quantile(observations: number[], p: number): number {
  const sorted = [...observations].sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('no observations')
  return value
}
