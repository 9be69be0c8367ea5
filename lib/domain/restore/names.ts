const longest = 63
/** Room for `-1` to `-15`, by which instances of a copy are told apart, and for `-2` of a second copy. */
const endings = 5

/**
 * The name of a run's copy: `<base>-<yyyymmddThhmmz>-<run6>`, and `-2` and so on for those after the first. It follows from
 * the run alone, so that whoever continues a run after midnight means the same copy (fault 5 of the runbook).
 */
export function copyName(base: string, suffix: string, copies: number): string {
  const kept = base.slice(0, longest - endings - suffix.length - 1).replace(/-+$/, '')
  return `${kept}-${suffix}${copies > 1 ? `-${copies}` : ''}`
}

/** Instances of a copy, from 1. */
export const instanceName = (copy: string, n: number): string => `${copy}-${n}`
