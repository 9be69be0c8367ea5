import { z } from 'zod'
import type { Call } from '../../domain/procedure/call'
import type { AnyProcedure, AnyStep, Step } from '../../procedures/contract'
import { procedure } from '../../procedures/procedure'
import { everything } from '../../procedures/testing/surroundings'
import { bare } from './one-effect'
import { callOf, type Switches } from './two-effects'

/**
 * A procedure of the catalogue with its steps in their order, each with its own id, class, stage, question, answer and way back,
 * over a world of one switch for each: whatever the engine does with the real one it does with this, in milliseconds.
 */
export function shadowOf(real: AnyProcedure, inputs: object, world: Switches, slug: string): AnyProcedure {
  const steps = real.steps(everything, real.inputs.parse(inputs))
  const answered = steps.flatMap(({ id, answer }) => (answer ? [id] : []))
  const facts = Object.fromEntries([['clusterId', z.string()], ...answered.map((id) => [`answer/${id}`, z.unknown()])])
  return procedure({
    ...real,
    ...bare,
    slug,
    facts: z.object(facts).partial(),
    bound: z.object({ stepId: z.string() }),
    refuses: undefined,
    baseline: undefined,
    ask: async (_world, _ctx, stepId) => ({
      ...{ title: `Approve ${stepId}`, typeToConfirm: stepId, facts: [], loss: null, bound: { stepId } },
      covers: coveredBy(steps, stepId),
    }),
    outgrown: (approved) => world.of(approved.stepId).outgrown,
    steps: () => steps.map((step) => shadow(step, world)),
  })
}

/** What is dangerous, from the step that asks to the next one that does. */
function coveredBy(steps: AnyStep[], stepId: string): string[] {
  const at = steps.findIndex(({ id }) => id === stepId)
  const next = steps.findIndex(({ asks }, i) => i > at && asks)
  const own = steps.slice(at, next < 0 ? undefined : next)
  return own.filter(({ effect, call }) => effect === 'DANGEROUS' && call).map(({ id }) => id)
}

function shadow(step: AnyStep, world: Switches): Step<unknown, Record<string, unknown>> {
  const { id, title, effect, stage, asks, answer, estimate, why, provedBy, undoneBy } = step
  const own = world.of(id)
  const says = () => `${id} is ${own.on ? 'on' : 'off'}.`
  const given = { id, title, effect, estimate, why, provedBy, undoneBy, ...(stage && { stage }), ...(asks && { asks }) }
  const looks = { everyMs: 40, forMs: 2_000, settleMs: 150 }
  if (!step.call)
    return {
      ...given,
      ...(answer && { answer: z.object({}) }),
      verify: async (_world, ctx) =>
        answer && ctx.facts[`answer/${id}`] === undefined
          ? { state: 'not-yet', says: 'Waiting for a person.' }
          : { state: 'proved', says: 'It is so.' },
      ...looks,
      ...(answer && { forMs: 60_000 }),
    }
  const back: Step<unknown, Record<string, unknown>>['undo'] = step.undo && {
    effect: step.undo.effect,
    call: (): Call => callOf(`back-${id}`),
    verify: async () => ({ state: own.on ? 'not-yet' : 'proved', says: says() }),
  }
  return {
    ...given,
    ...looks,
    call: () => callOf(id),
    observe: async () => ({ says: says(), state: own.on ? 'done' : 'not-started' }),
    verify: async () => ({ state: own.on ? 'proved' : 'not-yet', says: says() }),
    ...(back && { undo: back }),
  }
}
