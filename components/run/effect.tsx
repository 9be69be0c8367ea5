import { TriangleAlert } from 'lucide-react'
import type { EffectClass } from '../../lib/domain/procedure/types'

/** READ, SAFE or DANGEROUS: what a step may do to the world. */
export function Effect({ effect }: { effect: EffectClass }) {
  return (
    <span className="effect" data-effect={effect}>
      {effect === 'DANGEROUS' && <TriangleAlert aria-hidden />}
      {effect}
    </span>
  )
}
