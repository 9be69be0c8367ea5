import { z } from 'zod'
import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { Check } from '../../domain/procedure/types'
import type { Ask, StepContext, Surroundings, World } from '../contract'
import { needed } from '../facts'
import { block, check, commonChecks, pass, warn } from '../preflight'
import { imaginedNode, placeholder } from '../previewing'
import { procedure } from '../procedure'
import { gate } from '../steps/gate'
import { type RebuildFacts, rebuildFacts } from './facts'
import { describeInputs, fields, type RebuildInputs, rebuildInputs, rebuildSlug } from './inputs'
import { arnOf, lookAtBoth, lookAtSource, settingsAtHome } from './look'
import { type Ctx, catchUp, closeRebuild, createReplica, replicaName } from './replica'
import { watchWayHome } from './watch-way-home'

/*
 * The first half of the way back: after a recovery in the other region the promoted database gets a replica in the home region. It
 * is a new instance under a name of this run; what was there before is neither resumed nor deleted.
 */

const bound = z.object({ source: z.string(), replica: z.string(), timeline: z.number().nullable() })
type Bound = z.output<typeof bound>

const approve = gate<RebuildInputs, RebuildFacts>({
  id: 'approve-replica',
  title: 'Approve the replica',
  why: 'The replica costs as much as its source until it is deleted, and its data leaves the region.',
  provedBy: 'Approval by a second person for this replica of this database, at most 10 min old.',
})

async function ask(world: World, ctx: Ctx): Promise<Ask<Bound>> {
  const { facts, inputs } = ctx
  const source = needed(facts.source, 'the source')
  const replica = replicaName(ctx, world.environment)
  const { region } = world.environment.aws
  return {
    title: `Create ${replica} in ${region}`,
    typeToConfirm: replica,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Copy of', value: `${nodeWords(source.id)} in ${source.zone}` },
      { label: 'Instance class', value: inputs.instanceClass || source.instanceClass },
      { label: 'Cost', value: 'An instance, its storage and the traffic between the regions, until it is deleted.' },
      { label: 'Old members at home', value: `${facts.kept?.join(', ') || 'None'}: they are not touched.` },
    ],
    loss: null,
    covers: [createReplica.id],
    bound: { source: source.id, replica, timeline: source.timeline },
  }
}

async function ownChecks(world: World, { inputs }: Pick<Ctx, 'inputs'>): Promise<Check[]> {
  const { region } = world.environment.aws
  return await Promise.all([
    check(
      'P6-a',
      'Promoted database',
      async () => {
        const { source, answer, refused } = await lookAtSource(world, inputs.source)
        if (refused) return block(refused)
        if (!answer.ok) return block(`${nodeWords(source.id)} does not respond: ${answer.why}`)
        return pass(`${nodeWords(source.id)} is ${source.status}, accepts writes and keeps backups.`)
      },
      'block',
    ),
    check(
      'P6-b',
      'Home region',
      async () => {
        const { settings } = await settingsAtHome(world)
        if (settings.encrypted && settings.kmsKeyId === null)
          return block(`The database is encrypted, and no key of ${region} is known for the replica.`)
        if (settings.securityGroupIds.length === 0)
          return warn(`No security group of ${region} is known: the replica gets the default group.`)
        return pass(`RDS in ${region} responds. The replica takes the groups and the key of the database there.`)
      },
      'block',
    ),
    check('P6-c', 'Other replicas', async () => {
      const { source } = await lookAtSource(world, inputs.source)
      const home = source.replicaIds.filter((id) => readNodeKey(id).elsewhere === null)
      return home.length > 0
        ? warn(`${home.join(', ')} in ${region} is a replica of it already.`)
        : pass(`It has no replica in ${region}.`)
    }),
  ])
}

const estimate = { lowSeconds: 30 * 60, highSeconds: 6 * 3_600 }

function imagined(
  snapshot: Snapshot | null,
  environment: Surroundings,
): Pick<StepContext<RebuildInputs, RebuildFacts>, 'inputs' | 'facts'> {
  const node = snapshot?.nodes.find(({ id }) => readNodeKey(id).elsewhere !== null) ?? null
  const source = imaginedNode(node, 'promoted database')
  return {
    inputs: { source: source.id, instanceClass: '' },
    facts: {
      source,
      sourceArn: arnOf('arn:aws', source.id, environment),
      settings: {
        ...{ subnetGroup: placeholder('subnet group'), parameterGroup: placeholder('parameter group') },
        ...{ securityGroupIds: [placeholder('security groups')], kmsKeyId: placeholder('KMS key') },
        ...{ encrypted: true, tags: {} },
      },
      kept: [],
    },
  }
}

/** No scenario of an incident calls for it: it is what a cross-region recovery leaves to be done. */
export const rebuildReplica = procedure<RebuildInputs, RebuildFacts, Bound>({
  slug: rebuildSlug,
  key: 'P6',
  version: 1,
  title: 'Rebuild the replica in the home region',
  shortTitle: 'Rebuild replica',
  purpose: 'Creates a new replica of the promoted database in the home region and waits until it has caught up.',
  chooseWhen: 'A cross-region recovery is over, the home region is back and its old writer is fenced.',
  neverWhen: 'The home region still has a writer that is not fenced.',
  scenarios: [],
  wayHome: true,
  topologies: ['hybrid', 'instance'],
  needs: [],
  estimate,
  loses: 'nothing',
  approvals: ['Replica'],
  unsuited: {},
  inputs: rebuildInputs,
  facts: rebuildFacts,
  fields,
  describeInputs,
  imagined,
  async preflight(world, ctx) {
    const { region } = world.environment.aws
    const [common, own] = await Promise.all([
      commonChecks(world, ctx, {
        scenarios: [],
        estimateSeconds: estimate.highSeconds,
        operations: [
          {
            operation: 'CreateDBInstanceReadReplica',
            resource: { kind: 'db', name: replicaName(ctx, world.environment), region },
            without: null,
          },
        ],
        elsewhere: ctx.inputs.source,
        overrideReason: 'a replica is made, and no database is changed.',
      }),
      ownChecks(world, ctx),
    ])
    return [...common, ...own]
  },
  ask,
  bound,
  outgrown(approved, now) {
    if (approved.replica !== now.replica) return `The replica is now named ${now.replica}.`
    if (approved.source !== now.source) return `The source is now ${nodeWords(now.source)}.`
    return approved.timeline === now.timeline ? null : 'The promoted database is on another timeline now.'
  },
  steps: () => [lookAtBoth, approve, createReplica, catchUp, closeRebuild],
  obligations: (facts) => facts.obligations ?? [],
  measures: {
    facts: ['lagBytes', 'caughtUpAt'],
    of: (stored) => [
      {
        label: 'Replica at home caught up',
        value: typeof stored.caughtUpAt === 'number' ? stored.caughtUpAt : null,
        unit: 'time',
        objective: null,
      },
      {
        label: 'Replica at home behind',
        value: typeof stored.lagBytes === 'number' ? stored.lagBytes : null,
        unit: 'bytes',
        objective: null,
      },
    ],
  },
  watchers: [watchWayHome],
})
