import type { Run } from '../domain/run/run'
import type { AnyStep, Revision } from './contract'

/**
 * What a person may make the run's own at the step that failed. Counting anew ends where an effect that cannot be taken
 * back may have happened: what was there before it would be overwritten.
 */
export function revisionsOf(
  run: Pick<Run, 'facts' | 'steps'>,
  definition: Pick<AnyStep, 'revisions'> | undefined,
): Revision[] {
  const changed = run.steps.some((step) => step.effect === 'DANGEROUS' && step.touched)
  return (definition?.revisions?.(run.facts) ?? []).filter((revision) => revision.kind !== 'anew' || !changed)
}
