import { TriangleAlert, Users } from 'lucide-react'
import type { EffectClass } from '../../lib/domain/procedure/types'

/** READ, SAFE or DANGEROUS: what a step may do to the world. The step that asks says that it takes two people. */
export function Effect({ effect, asks = false }: { effect: EffectClass; asks?: boolean }) {
  if (asks)
    return (
      <span className="effect" data-effect="asks">
        <Users aria-hidden />2 PEOPLE
      </span>
    )
  return (
    <span className="effect" data-effect={effect}>
      {effect === 'DANGEROUS' && <TriangleAlert aria-hidden />}
      {effect}
    </span>
  )
}
