import { z } from 'zod'
import type { Call } from '../../domain/procedure/call'
import { awsCalls } from '../../domain/procedure/testing/calls'
import type { EffectClass, Stage } from '../../domain/procedure/types'
import type { AnyProcedure, Step } from '../../procedures/contract'
import { procedure } from '../../procedures/procedure'
import type { SendCall } from '../effects'
import { bare, Switch, words } from './one-effect'

/** What the procedure's stage is like, and the class of each step's effect. */
export interface StageOf {
  steps: Record<string, EffectClass>
  atOnce?: number
  whenOneFails?: Stage['whenOneFails']
  /** What one of its steps does otherwise. */
  step?: (usual: Step<unknown, unknown>, world: Switch) => Partial<Step<unknown, unknown>>
}

/** A world of one switch for each step of a stage, and one for the step that runs alone after it. */
export class Switches {
  readonly each = new Map<string, Switch>()

  of(stepId: string): Switch {
    const found = this.each.get(stepId) ?? new Switch()
    this.each.set(stepId, found)
    return found
  }

  send: SendCall = async (call, signal) => {
    const { to, back } = addressee(call)
    return await this.of(to).throwIt(callOf(back ? 'back' : to), signal)
  }
}

export const callOf = (name: string): Call => ({
  ...awsCalls.FailoverDBCluster,
  input: { DBClusterIdentifier: name, TargetDBInstanceIdentifier: 'target' },
})

/** To which step's switch a call goes, and whether it puts it back. */
export function addressee(call: Call): { to: string; back: boolean } {
  if (call.kind !== 'aws' || call.operation !== 'FailoverDBCluster') throw new Error('No call of a switch')
  const name = call.input.DBClusterIdentifier ?? ''
  return { to: name.replace(/^back-/, ''), back: name.startsWith('back-') }
}

/** Throws one switch for each step of the stage at the same time, and another one after them. */
export function stageProcedure(world: Switches, stageOf: StageOf, slug = 'switches'): AnyProcedure {
  const stage: Stage = {
    ...{ id: 'switches', title: 'Throw the switches', atOnce: stageOf.atOnce ?? 2 },
    whenOneFails: stageOf.whenOneFails ?? 'others-finish',
  }
  const throwing = (id: string, effect: EffectClass): Step<unknown, unknown> => {
    const own = world.of(id)
    const look = () => {
      own.look()
      return own.on ? `${id} is on.` : `${id} is off.`
    }
    return {
      ...words,
      id,
      title: `Throw ${id}`,
      effect,
      call: () => callOf(id),
      observe: async () => ({ says: look(), state: own.on ? 'done' : 'not-started' }),
      verify: async () =>
        own.proves
          ? { state: own.on ? 'proved' : 'not-yet', says: look() }
          : { state: 'failed', says: 'The proof does not come.' },
      everyMs: 40,
      forMs: 2_000,
      settleMs: 150,
      undo: {
        effect,
        call: () => callOf(`back-${id}`),
        verify: async () => ({ state: own.on ? 'not-yet' : 'proved', says: look() }),
      },
    }
  }
  const staged = Object.entries(stageOf.steps).map(([id, effect]) => {
    const usual = throwing(id, effect)
    return { ...usual, stage, ...stageOf.step?.(usual, world.of(id)) }
  })
  return procedure({
    ...{ slug, key: 'P1', version: 1, title: 'Switches', purpose: '', chooseWhen: '', neverWhen: '', scenarios: [] },
    ...{ topologies: [], estimate: words.estimate, loses: 'candidate', unsuited: {} },
    ...bare,
    facts: z.object({ clusterId: z.string() }).partial(),
    bound: z.object({ stepId: z.string() }),
    shortTitle: 'Switch',
    ask: async (_world, _ctx, stepId) => ({
      ...{ title: `Throw ${stepId}`, typeToConfirm: stepId, facts: [], loss: null, covers: [stepId] },
      bound: { stepId },
    }),
    outgrown: (approved) => world.of(approved.stepId).outgrown,
    steps: () => [...staged, throwing('last', 'SAFE')],
  })
}
