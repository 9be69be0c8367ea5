import { z } from 'zod'
import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Check } from '../../domain/procedure/types'
import type { Ask, World } from '../contract'
import { needed } from '../facts'
import { block, check, commonChecks, pass, warn } from '../preflight'
import { imaginedNode, placeholder } from '../previewing'
import { procedure } from '../procedure'
import { gate } from '../steps/gate'
import { poolersFollow } from '../steps/lead-poolers'
import { imaginedReturns, returnNames, returnWords } from '../steps/return-names'
import { watchNames } from '../steps/watch-names'
import { watchPoolers } from '../steps/watch-poolers'
import { applicationAtRest, applicationHome } from './application'
import { type FailBackFacts, failBackFacts, ledHomeIn } from './facts'
import { closeFailBack, openHome, promoteHome, protectHome, verifyHome } from './home'
import { describeInputs, type FailBackInputs, failBackInputs, failBackSlug, fields } from './inputs'
import { lookAtBothEnds, lookAtWayHome } from './look'
import type { Ctx } from './step'
import { receiveLast, stopWrites } from './stop-writes'

/*
 * The second half of the way back: the database in the other region is left for its replica at home, on purpose and without loss. All
 * writes stop first; the replica receives the last position, is promoted, and only then is the application let in. Its pods and names
 * follow at once: whatever can be asked is asked before the writes stop, so that nobody is waited for while the application is down.
 */

const bound = z.object({ source: z.string(), target: z.string(), timeline: z.number().nullable() })
type Bound = z.output<typeof bound>

const approve = gate<FailBackInputs, FailBackFacts>({
  id: 'approve-fail-back',
  title: 'Approve the failback',
  why: 'The application is without a database until the one at home is opened. The promotion cannot be undone.',
  provedBy: 'Approval by a second person for exactly these commands, at most 10 min old.',
})

async function ask(world: World, { facts }: Ctx, stepId: string): Promise<Ask<Bound>> {
  const { covered } = returnNames(world.environment)
  const left = needed(facts.writerBefore, 'the database that is left')
  const target = needed(facts.target, 'the replica at home')
  return {
    title: `Switch over from ${nodeWords(left.id)} to ${target.id}`,
    typeToConfirm: target.id,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Serves now', value: `${nodeWords(left.id)} in ${left.zone}` },
      { label: 'Serves afterwards', value: `${target.id} in ${target.zone}` },
      {
        label: 'Loss',
        value: 'None: nobody can write, and the replica holds the last position before it is promoted.',
      },
      { label: 'Without a database', value: 'From the stop of all writes until the database at home is opened.' },
      ...Object.entries(facts.moves ?? {}).map(([name, move]) => ({ label: name, value: returnWords(name, move) })),
      { label: 'Point of no return', value: 'The promotion. Before it, writes can be allowed again where they were.' },
    ],
    loss: null,
    // A name that someone else has changed meanwhile is asked for by itself.
    covers: covered.includes(stepId) ? covered : ['stop-writes', promoteHome.id, 'open-home', ...covered],
    bound: { source: left.id, target: target.id, timeline: left.timeline },
  }
}

async function ownChecks(world: World, { inputs }: Pick<Ctx, 'inputs'>): Promise<Check[]> {
  return await Promise.all([
    check(
      'P7-a',
      'Both databases',
      async () => {
        const look = await lookAtWayHome(world, inputs)
        if (!('why' in look)) return pass(look.says)
        return look.never ? block(look.why) : warn(`${look.why} A run waits for it.`)
      },
      'block',
    ),
    check('P7-b', 'Right to stop writes', async () => {
      const { recovery } = world.environment.database
      return recovery
        ? pass(`The role ${recovery.user} stops writes and allows them again.`)
        : block('No recovery role is configured, so writes cannot be stopped for certain.')
    }),
  ])
}

const estimate = { lowSeconds: 15 * 60, highSeconds: 2 * 3_600 }

/** No scenario of an incident calls for it: it is planned, when the home region is trusted again. */
export const failBack = procedure<FailBackInputs, FailBackFacts, Bound>({
  slug: failBackSlug,
  key: 'P7',
  version: 2,
  title: 'Fail back to the home region',
  shortTitle: 'Fail back',
  purpose:
    'Moves the database from the other region to its replica at home, without loss. The application and names follow.',
  chooseWhen: 'The home region is trusted again, and its replica has caught up.',
  neverWhen: 'A database at home still accepts the application, or the replica is behind.',
  scenarios: [],
  wayHome: true,
  topologies: ['hybrid', 'instance'],
  needs: [],
  estimate,
  loses: 'nothing',
  approvals: ['Failback'],
  unsuited: {},
  inputs: failBackInputs,
  facts: failBackFacts,
  fields,
  describeInputs,
  imagined(snapshot, environment) {
    const node = snapshot?.nodes.find(({ id }) => readNodeKey(id).elsewhere !== null) ?? null
    const left = imaginedNode(node, 'promoted database')
    const target = imaginedNode(null, 'replica at home')
    return {
      inputs: {
        ...failBackInputs.parse({ source: `${environment.aws.drRegion}/x`, target: 'replica' }),
        source: left.id,
        target: target.id,
      },
      facts: {
        topology: 'instance',
        clusterId: environment.aws.clusterId,
        endpoint: { host: target.host ?? placeholder('address'), port: 5432 },
        readerEndpoint: null,
        writerBefore: left,
        target,
        ...imaginedReturns(environment, { host: target.host ?? placeholder('address') }),
      },
    }
  },
  async preflight(world, ctx) {
    const resource = { kind: 'db' as const, name: ctx.inputs.target, region: world.environment.aws.region }
    const [common, own] = await Promise.all([
      commonChecks(world, ctx, {
        scenarios: [],
        estimateSeconds: estimate.highSeconds,
        operations: [
          { operation: 'PromoteReadReplica', resource, without: null },
          {
            operation: 'ModifyDBInstance',
            resource,
            without: 'The database at home would have no deletion protection.',
          },
        ],
        elsewhere: ctx.inputs.source,
        overrideReason: 'the database in the other region serves, and is left on purpose.',
      }),
      ownChecks(world, ctx),
    ])
    return [...common, ...own]
  },
  ask,
  bound,
  outgrown(approved, now) {
    if (approved.source !== now.source) return `The database that serves is now ${nodeWords(now.source)}.`
    if (approved.target !== now.target) return `The replica is now ${now.target}.`
    return approved.timeline === now.timeline ? null : `${nodeWords(now.source)} is on another timeline now.`
  },
  steps: (environment) => {
    const names = returnNames(environment)
    return [
      lookAtBothEnds,
      ...names.look,
      approve,
      stopWrites(environment),
      receiveLast,
      promoteHome,
      openHome(environment),
      ...applicationHome(environment),
      ...names.move,
      ...poolersFollow(environment),
      protectHome,
      verifyHome,
      ...applicationAtRest(environment),
      closeFailBack,
    ]
  },
  obligations: (facts) => facts.obligations ?? [],
  movedNames: ledHomeIn,
  measures: {
    facts: ['stoppedAt', 'openedAt', 'lostCommits'],
    of(stored) {
      const { stoppedAt, openedAt, lostCommits } = stored
      const outage =
        typeof stoppedAt === 'number' && typeof openedAt === 'number' ? (openedAt - stoppedAt) / 1000 : null
      return [
        { label: 'Outage during the failback', value: outage, unit: 'seconds', objective: null },
        {
          label: 'Numbered commits lost in the failback',
          value: typeof lostCommits === 'number' ? lostCommits : null,
          unit: 'count',
          objective: 'committed-loss',
        },
      ]
    },
  },
  watchers: [watchNames, watchPoolers('lead-poolers')],
})
