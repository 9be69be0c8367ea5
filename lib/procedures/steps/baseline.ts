import type { Step } from '../contract'
import { type FixedWorkload, factsOf, learnt, needed } from '../facts'
import type { FailoverInputs } from '../failover-inputs'
import { addressOf, askPosition, candidateIn } from '../looking'

/** P1.2 (C1): what must be compared afterwards, and what must be put back. */
export const baseline: Step<FailoverInputs> = {
  id: 'baseline',
  number: 'P1.2',
  title: 'Take the baseline',
  effect: 'READ',
  estimate: { lowSeconds: 5, highSeconds: 60 },
  why: 'Afterwards nobody can tell what was lost or changed unless it was written down before.',
  provedBy: 'Positions, heartbeat and former settings are stored with the run; what could not be read is named.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 60_000,
  async verify(world, ctx) {
    const known = factsOf(ctx.facts)
    const target = needed(known.target, 'the target')
    const gaps: string[] = []
    const answer = await askPosition(world, addressOf(target))
    if (!answer.ok) gaps.push(`${target.id} did not answer: ${answer.why}`)
    const workloads: FixedWorkload[] = []
    const { kubernetes } = world.environment
    if (kubernetes && world.workloads)
      for (const deployment of kubernetes.deployments) {
        const state = await world.workloads.read(kubernetes.namespace, deployment)
        workloads.push({
          deployment,
          host: state.env[kubernetes.hostVariable] ?? null,
          container: state.container ?? deployment,
          replicas: state.replicas,
        })
      }
    if (world.environment.database.criticalTables.length > 0)
      gaps.push(
        'Rows of the critical tables are not counted: the runner’s role may not read them. Row counts are unprovable.',
      )
    const loss = candidateIn(world.snapshot(), target.id)?.loss
    if (!loss?.known) gaps.push(`The loss is not known: ${loss ? loss.why : 'the collector has no picture yet'}.`)
    const position = answer.ok ? answer.position : null
    const lsn = position?.haveLsn ?? position?.flushLsn ?? null
    return {
      state: 'proved',
      says: `Stored the position of ${target.id}${lsn === null ? '' : ` (${lsn})`} and ${workloads.length} ${workloads.length === 1 ? 'deployment' : 'deployments'}.${gaps.length ? ` Gaps: ${gaps.join(' ')}` : ''}`,
      facts: learnt({
        workloads,
        baselineGaps: gaps,
        targetBeat: position?.beat ?? known.targetBeat ?? null,
        target: { ...target, lsn: lsn === null ? target.lsn : String(lsn) },
      }),
    }
  },
}
