import { damageBounds } from '../../domain/cluster/damage'
import { nodeWords } from '../../domain/cluster/node-key'
import type { Ask, StepContext, World } from '../contract'
import { needed } from '../facts'
import { gate } from '../steps/gate'
import { boundLoss, lossNow, lossShown, lossTitle, type PromotionBound } from '../steps/promotion-bound'
import { comparesSides, sidesStepId } from './both-sides'
import type { RegionFacts } from './facts'
import type { RegionInputs } from './inputs'

export const approve = gate<RegionInputs, RegionFacts>({
  id: 'approve',
  title: 'Approve the promotion in the other region',
  why: 'It cannot be undone. Two people check what is lost, and that the home region is really away.',
  provedBy: 'Approval by a second person for exactly these commands and this loss, at most 10 min old.',
})

/** What the second person is asked. */
export async function ask(world: World, ctx: StepContext<RegionInputs, RegionFacts>): Promise<Ask<PromotionBound>> {
  const { facts, inputs } = ctx
  const target = needed(facts.target, 'the replica')
  const writer = needed(facts.writerBefore, 'the writer')
  const known = lossNow(world, target.id)
  const unlogged = facts.baseline?.survey?.unlogged ?? []
  const damage = world.snapshot()?.diagnosis.damage?.shown ?? null
  return {
    title: `Promote ${nodeWords(target.id)}, ${lossTitle(known)}`,
    typeToConfirm: world.environment.aws.clusterId,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Writer at home', value: writer.id },
      { label: 'Replica', value: `${nodeWords(target.id)} in ${target.zone}` },
      { label: 'Home region', value: facts.home ?? '' },
      {
        label: 'Diagnosis',
        value:
          facts.verdict === 'down' ? 'The writer at home does not respond' : 'The writer at home answers: a rehearsal',
      },
      { label: 'Loss allowed', value: `${inputs.maxLossSeconds} s of likely loss` },
      { label: 'Position as evidence', value: facts.evidence ?? 'Unknown' },
      { label: 'Point of no return', value: 'The promotion. A return takes a new replica and a planned switchover.' },
      ...(damage
        ? [{ label: 'Damage to the data', value: `${damage.signs[0]?.says ?? ''} ${damageBounds(damage)}` }]
        : []),
      ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
      ...(unlogged.length > 0
        ? [{ label: 'Tables that will be emptied', value: `${unlogged.join(', ')} (unlogged)` }]
        : []),
    ],
    loss: lossShown(known, inputs.maxLossSeconds),
    covers: ['fence', 'promote-replica', ...(comparesSides(world.environment) ? [sidesStepId] : [])],
    bound: {
      writer: writer.id,
      target: target.id,
      promoted: facts.promotedAt !== undefined,
      ...boundLoss(known),
      damage: damage?.kind ?? null,
    },
  }
}
