import { damageBounds } from '../../domain/cluster/damage'
import type { Ask, Observation, Step, StepContext, World } from '../contract'
import { needed } from '../facts'
import { gate } from '../steps/gate'
import { boundLoss, type KnownLoss, lossNow, lossShown, lossTitle, type PromotionBound } from '../steps/promotion-bound'
import type { FailoverFacts } from './facts'
import { failOver } from './fail-over'
import type { FailoverInputs } from './inputs'
import { failoverRevisions } from './revisions'

/** A second person says yes to exactly what was shown, or the platform makes it needless. */
export const approve: Step<FailoverInputs, FailoverFacts> = {
  ...gate({
    id: 'approve',
    title: 'Approve the failover',
    why: 'What the target never received is permanently lost. Two people check that figure first.',
    provedBy: 'Approval by a second person for exactly these commands and this loss, at most 10 min old.',
  }),
  async observe(world, ctx): Promise<Observation<FailoverFacts>> {
    const seen = await needed(failOver.observe, 'the look at the failover')(world, ctx)
    const { verdict, acceptedInstead, target } = ctx.facts
    // A person chose to follow another writer than the one that was agreed on: that takes a yes of its own.
    if (acceptedInstead && seen.state !== 'conflict')
      return {
        state: 'not-started',
        says: `RDS made ${target?.id ?? 'another node'} the writer, not ${acceptedInstead}. Asking whether the run continues with it.`,
      }
    if (seen.state === 'conflict') return seen
    if (seen.state === 'done' || (seen.state === 'in-flight' && verdict === 'failing-over'))
      return {
        state: 'done',
        says: `${seen.says} RDS has acted by itself; no approval is needed to follow it.`,
        facts: { adopted: seen.says },
      }
    return { state: 'not-started', says: seen.says }
  },
  revisions: failoverRevisions,
}

/** As people read it before they approve. */
export const plannedLoss = 'None: the writer is left only when the target has its last position'

/** What the second person is asked. */
export async function ask(world: World, ctx: StepContext<FailoverInputs, FailoverFacts>): Promise<Ask<PromotionBound>> {
  const facts = ctx.facts
  const target = needed(facts.target, 'the target')
  const writer = needed(facts.writerBefore, 'the writer')
  const known = facts.acceptedInstead ? lossBefore(facts, target.id) : lossNow(world, target.id)
  const planned = ctx.inputs.kind === 'switchover' && !facts.acceptedInstead
  const unlogged = facts.baseline?.survey?.unlogged ?? []
  const damage = world.snapshot()?.diagnosis.damage?.shown ?? null
  return {
    title: planned
      ? `Switch over to ${target.id}, lose nothing`
      : `${facts.acceptedInstead ? `Continue with ${target.id}, which RDS promoted` : `Fail over to ${target.id}`}, ${lossTitle(known)}`,
    typeToConfirm: target.id,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Cluster', value: facts.clusterId ?? '' },
      { label: 'Current writer', value: writer.id },
      { label: 'Target', value: `${target.id} in ${target.zone}` },
      ...(facts.acceptedInstead ? [{ label: 'In place of', value: facts.acceptedInstead }] : []),
      { label: 'Loss allowed', value: planned ? plannedLoss : `${ctx.inputs.maxLossSeconds} s of likely loss` },
      {
        label: 'Diagnosis',
        value:
          facts.verdict !== 'healthy'
            ? 'The writer is down'
            : planned
              ? 'The writer answers: a planned switchover'
              : ctx.mode === 'real'
                ? 'The writer answers'
                : 'The writer answers: a drill',
      },
      ...(damage
        ? [{ label: 'Damage to the data', value: `${damage.signs[0]?.says ?? ''} ${damageBounds(damage)}` }]
        : []),
      ...(ctx.inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: ctx.inputs.overrideReason }] : []),
      ...(unlogged.length > 0
        ? [{ label: 'Tables that will be emptied', value: `${unlogged.join(', ')} (unlogged)` }]
        : []),
    ],
    // Between now and the switchover clients are held and the target receives the rest; nothing of this lag is lost.
    loss: planned ? null : lossShown(known, ctx.inputs.maxLossSeconds),
    covers: ['fence-first', 'fail-over', 'fence'],
    bound: {
      writer: writer.id,
      target: target.id,
      promoted: facts.promotedAt !== undefined,
      ...boundLoss(known),
      damage: damage?.kind ?? null,
    },
  }
}

/** Of a node that is the writer by now: what it missed when the baseline was taken, the last time that anybody could tell. */
function lossBefore({ baseline }: FailoverFacts, id: string): KnownLoss | null {
  const kept = baseline?.losses.find((loss) => loss.nodeId === id)
  if (!kept || kept.atLeastSeconds === null || kept.atLeastBytes === null || kept.atMostSeconds === null) return null
  return {
    atLeast: { seconds: kept.atLeastSeconds, bytes: kept.atLeastBytes },
    atMost: { seconds: kept.atMostSeconds, bytes: kept.atMostBytes },
    confidence: 'low',
  }
}
