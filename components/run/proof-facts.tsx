import type { EffectClass } from '../../lib/domain/procedure/types'

/** How a step is proved and how it is put back, as rows of a list of facts. */
export function ProofFacts({ step }: { step: { provedBy: string; undoneBy: string | null; effect: EffectClass } }) {
  return (
    <>
      <dt>Done when</dt>
      <dd>{step.provedBy}</dd>
      <dt>Way back</dt>
      <dd>
        {step.undoneBy ??
          (step.effect === 'READ' ? 'Nothing to undo; it only reads.' : 'None. What follows is a new run.')}
      </dd>
    </>
  )
}
