import type { EffectClass } from '../../lib/domain/procedure/types'

/** How a step is proved and how it is put back, as rows of a list of facts. */
export function ProofFacts({ step }: { step: { provedBy: string; undoneBy: string | null; effect: EffectClass } }) {
  return (
    <>
      <dt>Success criteria</dt>
      <dd>{step.provedBy}</dd>
      <dt>Rollback</dt>
      <dd>
        {step.undoneBy ??
          (step.effect === 'READ'
            ? 'Nothing to roll back: this step only reads.'
            : 'None: the way forward is a new run.')}
      </dd>
    </>
  )
}
