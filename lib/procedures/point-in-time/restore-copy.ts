import type { Stage } from '../../domain/procedure/types'
import { instanceName } from '../../domain/restore/names'
import { pointProblem } from '../../domain/restore/point'
import type { Observation, Step, Surroundings, Verdict } from '../contract'
import { needed } from '../facts'
import { askPosition } from '../looking'
import {
  copyGone,
  copyMade,
  deleteCall,
  foreign,
  gone,
  lookAtCopy,
  lookAtInstance,
  made,
  noQuarantine,
  observed,
  openedAlready,
  quarantineOf,
} from '../steps/copy'
import { type Ctx, classOf, instanceCall, restoreCall } from './copy'
import type { PointFacts } from './facts'
import { momentOf, type PointInputs } from './inputs'

type PointStep = Step<PointInputs, PointFacts>

const copyOf = ({ facts }: Ctx) => needed(facts.copyId, 'the copy')
const hours = (n: number) => n * 3_600_000

/** Everything of the source is told explicitly: RDS would take the account's defaults otherwise. */
export const restoreCopy = (environment: Surroundings): PointStep => ({
  id: 'restore-copy',
  title: 'Restore into quarantine',
  effect: 'SAFE',
  estimate: { lowSeconds: 20 * 60, highSeconds: 45 * 60 },
  why: 'A copy of the database at the restore point is made beside it. Nothing of the source changes.',
  provedBy: 'RDS describes the copy as available, with the tag of this run.',
  undoneBy: 'Delete the copy (two persons)',
  everyMs: 15_000,
  forMs: hours(3),
  settleMs: 60_000,
  call: (ctx) => restoreCall(ctx, environment),
  async observe(world, ctx): Promise<Observation<PointFacts>> {
    const id = copyOf(ctx)
    return observed(id, await lookAtCopy(world, id), ctx.runId)
  },
  async guard(world, ctx) {
    if (quarantineOf(world.environment) === null) return noQuarantine
    const { window } = await world.fleet.restorable(world.environment.aws.clusterId)
    const at = needed(ctx.facts.restoreAt, 'the restore point')
    return pointProblem({ at }, window, { firstBadAt: momentOf(ctx.inputs.firstBadAt), now: world.now() })
  },
  async verify(world, ctx): Promise<Verdict<PointFacts>> {
    const id = copyOf(ctx)
    const found = await lookAtCopy(world, id)
    if (!found) return { state: 'not-yet', says: `RDS does not describe ${id} yet.` }
    const theirs = foreign(found, ctx.runId)
    if (theirs) return { state: 'failed', says: theirs }
    return { ...made(id, found.status), facts: copyMade(world, ctx, found.kind, instancesOf(ctx), classOf(ctx, 0)) }
  },
  undo: {
    effect: 'DANGEROUS',
    call: (ctx) => deleteCall(environment, needed(ctx.facts.source, 'the source').kind, copyOf(ctx)),
    async guard(world, ctx) {
      const found = await lookAtCopy(world, copyOf(ctx))
      if (!found) return null
      const theirs = foreign(found, ctx.runId)
      if (theirs) return theirs
      const members = found.kind === 'cluster' ? found.instances.map(({ id }) => id) : []
      return members.length > 0 ? `Roll back its instances first: ${members.join(', ')}.` : openedAlready(ctx)
    },
    verify: (world, ctx) => copyGone(world, ctx),
  },
})

/** So many servers the copy gets: a temporary one is only asked. */
const instancesOf = ({ inputs }: Ctx): number =>
  Math.max(1, inputs.goal === 'find' ? Math.min(1, inputs.instanceCount) : inputs.instanceCount)

/** All at once: the slowest takes as long as one would alone. */
const together: Stage = {
  id: 'create-instances',
  title: 'Create the instances',
  atOnce: 5,
  whenOneFails: 'others-finish',
}

/** A restored cluster holds data and has nothing that serves it. */
export const createInstance = (environment: Surroundings, n: number, several: boolean): PointStep => {
  const nameOf = (ctx: Ctx) => instanceName(copyOf(ctx), n)
  return {
    id: `create-instance-${n}`,
    title: `Create instance ${n}`,
    effect: 'SAFE',
    ...(several && { stage: together }),
    estimate: { lowSeconds: 5 * 60, highSeconds: 15 * 60 },
    why: 'A restored cluster has no instance until one is created in it, so nobody could read it.',
    provedBy: 'RDS describes the instance as available in the copy, and it answers.',
    undoneBy: 'Delete the instance (two persons)',
    everyMs: 15_000,
    forMs: hours(1),
    settleMs: 60_000,
    call: (ctx) => instanceCall(ctx, environment, n),
    async observe(world, ctx): Promise<Observation<PointFacts>> {
      const name = nameOf(ctx)
      return observed(name, await lookAtInstance(world, name), ctx.runId)
    },
    async verify(world, ctx): Promise<Verdict<PointFacts>> {
      const name = nameOf(ctx)
      const found = await lookAtInstance(world, name)
      if (!found) return { state: 'not-yet', says: `RDS does not describe ${name} yet.` }
      const theirs = foreign(found, ctx.runId)
      if (theirs) return { state: 'failed', says: theirs }
      const verdict = made(name, found.status)
      if (verdict.state !== 'proved') return verdict
      const answer = await askPosition(world, found.address)
      return answer.ok
        ? { state: 'proved', says: `${name} is ${found.status} and answers.` }
        : { state: 'not-yet', says: `${name} is ${found.status} and does not respond yet: ${answer.why}` }
    },
    undo: {
      effect: 'DANGEROUS',
      call: (ctx) => deleteCall(environment, 'instance', nameOf(ctx)),
      async guard(world, ctx) {
        const found = await lookAtInstance(world, nameOf(ctx))
        return found && (foreign(found, ctx.runId) ?? openedAlready(ctx))
      },
      verify: (world, ctx) => gone(nameOf(ctx), () => lookAtInstance(world, nameOf(ctx))),
    },
  }
}
