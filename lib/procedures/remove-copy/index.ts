import { z } from 'zod'
import { instanceName } from '../../domain/restore/names'
import type { Ask, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { needed } from '../facts'
import { block, check, commonChecks, pass } from '../preflight'
import { placeholder, readOf } from '../previewing'
import { procedure } from '../procedure'
import { lookAtCopy, lookAtInstance } from '../steps/copy'
import { gate } from '../steps/gate'
import { removal } from '../steps/remove-copy'
import { describeInputs, fields, type RemovalInputs, removalInputs } from './inputs'
import { lookAtRemoval } from './look-at-copy'

/*
 * A copy that a recovery has left is deleted as an act of its own: one person asks, another one sees its name, its age and the
 * commands, and only what carries the tag of the run that made it goes. A database that has served is never deleted by it.
 */

const removalFacts = z
  .object({
    kind: z.enum(['cluster', 'instance']),
    /** As RDS describes them, when people are asked. */
    instances: z.array(z.string()),
  })
  .partial()
type RemovalFacts = z.output<typeof removalFacts>
type RemovalStep = Step<RemovalInputs, RemovalFacts>
type Ctx = StepContext<RemovalInputs, RemovalFacts>

const bound = z.object({
  copy: z.string(),
  madeBy: z.string(),
  kind: z.string(),
  instances: z.array(z.string()),
})
type Bound = z.output<typeof bound>

const look: RemovalStep = {
  id: 'look-at-removal',
  title: 'Check the copy',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'A name alone is no proof: the copy, its tags and its security groups are checked.',
  provedBy: 'The copy and its instances carry the tag of the run that made them. Only the War Room reaches them.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  shows: ({ inputs }, environment) => [readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: inputs.copy })],
  async verify(world, { inputs }): Promise<Verdict<RemovalFacts>> {
    const seen = await lookAtRemoval(world, inputs)
    if ('refused' in seen) return { state: 'failed', says: seen.refused }
    if (!seen.found) return { state: 'failed', says: `${seen.says} Nothing is left to delete.` }
    const { found } = seen
    const instances = found.kind === 'cluster' ? found.instances.map(({ id }) => id) : []
    const expected = namesOf(inputs)
    const others = instances.filter((id) => !expected.includes(id))
    if (others.length > 0)
      return {
        state: 'failed',
        says: `${found.id} has ${instances.length} instances, and ${inputs.instances} are to be deleted. Start again with ${instances.length}.`,
      }
    return {
      state: 'proved',
      says: `${found.id} is ${found.status}, was made by run ${inputs.madeBy}, and only the War Room reaches it.`,
      facts: { kind: found.kind, instances },
    }
  },
}

const approve = gate<RemovalInputs, RemovalFacts>({
  id: 'approve-removal',
  title: 'Approve the deletion',
  why: 'A deletion cannot be undone. Two people check the name and the run that made it.',
  provedBy: 'Approval by a second person for this copy and its instances, at most 10 min old.',
})

const namesOf = ({ copy, instances }: Pick<RemovalInputs, 'copy' | 'instances'>): string[] =>
  Array.from({ length: instances }, (_, i) => instanceName(copy, i + 1))

const madeBy = ({ inputs }: Ctx) => inputs.madeBy
const removals = (inputs: Pick<RemovalInputs, 'copy' | 'instances'>): RemovalStep[] => [
  ...namesOf(inputs).map((_, i) =>
    removal<RemovalInputs, RemovalFacts & { source?: never }>({
      id: `delete-instance-${i + 1}`,
      title: `Delete instance ${i + 1} of the copy`,
      optional: 'The instance stays, and so does the copy.',
      kind: () => 'instance',
      nameOf: (ctx) => instanceName(ctx.inputs.copy, i + 1),
      madeBy,
      look: lookAtInstance,
    }),
  ),
  removal<RemovalInputs, RemovalFacts & { source?: never }>({
    id: 'delete-copy',
    title: 'Delete the copy',
    optional: 'The copy stays and is listed for deletion.',
    kind: ({ facts }) => needed(facts.kind, 'what the copy is'),
    nameOf: (ctx) => ctx.inputs.copy,
    madeBy,
    // An application may have been let in since it was looked at.
    refuses: async (world, { inputs }) => {
      const seen = await lookAtRemoval(world, inputs)
      return 'refused' in seen ? seen.refused : null
    },
    look: lookAtCopy,
  }),
]

async function ask(world: World, { inputs, facts }: Ctx): Promise<Ask<Bound>> {
  const instances = needed(facts.instances, 'the instances of the copy')
  const steps = removals(inputs).map(({ id }) => id)
  return {
    title: `Delete ${inputs.copy}`,
    typeToConfirm: inputs.copy,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Copy', value: inputs.copy },
      { label: 'Made by run', value: inputs.madeBy },
      { label: 'Instances', value: instances.length > 0 ? instances.join(', ') : 'None besides' },
      { label: 'Last snapshot', value: 'None: what it holds is restored from the backup again if anyone needs it.' },
    ],
    loss: null,
    covers: steps,
    bound: { copy: inputs.copy, madeBy: inputs.madeBy, kind: needed(facts.kind, 'what the copy is'), instances },
  }
}

const rightsOf = ({ copy, instances }: RemovalInputs) => [
  ...(instances > 0
    ? [
        {
          operation: 'DeleteDBInstance',
          resource: { kind: 'db' as const, name: instanceName(copy, 1) },
          without: null,
        },
      ]
    : []),
  {
    operation: instances > 0 ? 'DeleteDBCluster' : 'DeleteDBInstance',
    resource: { kind: instances > 0 ? ('cluster' as const) : ('db' as const), name: copy },
    without: null,
  },
]

const estimate = { lowSeconds: 5 * 60, highSeconds: 45 * 60 }

/** What recoveries have left is removed; no scenario of an incident calls for it. */
export const removeCopy = procedure<RemovalInputs, RemovalFacts, Bound>({
  slug: 'remove-copy',
  key: 'P5',
  version: 1,
  title: 'Delete a restored copy',
  shortTitle: 'Delete a copy',
  purpose: 'Deletes a copy that a recovery has made and nobody needs any more: its instances first, then the copy.',
  chooseWhen: 'A recovery is over, or has failed, and nobody needs its copy any more.',
  neverWhen: 'The application was let in to the copy, or it is the old database of a cutover.',
  scenarios: [],
  topologies: ['hybrid', 'aurora', 'instance'],
  needs: [],
  estimate,
  loses: 'nothing',
  approvals: ['Deletion'],
  unsuited: {},
  inputs: removalInputs,
  facts: removalFacts,
  fields,
  describeInputs,
  imagined: (_snapshot, _environment: Surroundings) => ({
    inputs: { copy: placeholder('copy'), madeBy: placeholder('run'), instances: 1 },
    facts: { kind: 'cluster', instances: [instanceName(placeholder('copy'), 1)] },
  }),
  preflight: async (world, ctx) => {
    const [common, own] = await Promise.all([
      commonChecks(world, ctx, {
        scenarios: [],
        estimateSeconds: estimate.highSeconds,
        operations: () => rightsOf(ctx.inputs),
        overrideReason: 'a copy is deleted, and the database stays as it is.',
      }),
      check(
        'P5-a',
        'Copy',
        async () => {
          const seen = await lookAtRemoval(world, ctx.inputs)
          if ('refused' in seen) return block(seen.refused)
          if (!seen.found) return block(seen.says)
          return pass(`${seen.found.id} was made by run ${ctx.inputs.madeBy}, and only the War Room reaches it.`)
        },
        'block',
      ),
    ])
    return [...common, own]
  },
  ask,
  bound,
  outgrown(approved, now) {
    if (approved.copy !== now.copy || approved.madeBy !== now.madeBy) return `The copy is now ${now.copy}.`
    const more = now.instances.filter((id) => !approved.instances.includes(id))
    return more.length > 0 ? `${more.join(', ')} was added to the copy since.` : null
  },
  steps: (_environment, inputs) => [look, approve, ...removals(inputs ?? { copy: placeholder('copy'), instances: 15 })],
  obligations: () => [],
  measures: { facts: [], of: () => [] },
  watchers: [],
})
