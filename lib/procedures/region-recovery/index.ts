import { baselineOf } from '../../domain/run/baseline'
import { commonChecks } from '../preflight'
import { procedure } from '../procedure'
import { baseline } from '../steps/baseline'
import { fenceOldWriter } from '../steps/fence'
import { poolersFollow } from '../steps/lead-poolers'
import { moveNames } from '../steps/move-names'
import { nameRights } from '../steps/names-preflight'
import { outgrown, promotionBound } from '../steps/promotion-bound'
import { watchNames } from '../steps/watch-names'
import { watchOldWriter } from '../steps/watch-old-writer'
import { watchPoolers } from '../steps/watch-poolers'
import { applicationChecks } from './application-checks'
import { approve, ask } from './approval'
import { assess } from './assess'
import { compareSides, comparesSides, watchBothSides } from './both-sides'
import { movedIn, regionFacts } from './facts'
import { describeInputs, fields } from './form'
import { imaginedRegion } from './imagined'
import { regionInputs } from './inputs'
import { regionMeasures } from './measures'
import { openPromoted } from './open-promoted'
import { regionChecks, regionRights } from './preflight'
import { promote } from './promote'
import { protect } from './protect'
import { closeRegion, verifyPromoted } from './serve'
import { fullApplication, promoteAndStart } from './start-application'
import { watchReplicaHome } from './watch-replica-home'
import { watchReturn } from './watch-return'

const estimate = { lowSeconds: 2 * 3_600, highSeconds: 4 * 3_600 }
const damaged = 'The replica has the same damage.'

/** Read from top to bottom, this is the runbook's third procedure. */
export const regionRecovery = procedure({
  slug: 'region-recovery',
  key: 'P3',
  version: 3,
  title: 'Cross-region recovery',
  shortTitle: 'Cross-region',
  purpose:
    'Promotes the replica in the other region, protects it, starts the application and moves names there. The old writer is fenced as soon as it can be reached.',
  chooseWhen: 'The home region is away for longer than the RTO allows, or no reader at home can take over.',
  neverWhen: 'The home region still serves, or only our own network is cut off: that would make two databases.',
  scenarios: ['S1', 'S3'],
  topologies: ['hybrid', 'instance'],
  needs: [{ candidate: 'elsewhere', otherwise: 'There is no replica in another region: nothing can take over there.' }],
  estimate,
  loses: 'cross-region',
  elsewhere: true,
  approvals: ['Promotion', 'Names'],
  unsuited: { S2: damaged, S4: damaged },
  inputs: regionInputs,
  facts: regionFacts,
  fields,
  describeInputs,
  imagined: imaginedRegion,
  async preflight(world, ctx) {
    const { target, overrideReason } = ctx.inputs
    const needs = {
      scenarios: ['S1', 'S3'],
      estimateSeconds: estimate.highSeconds,
      operations: [...regionRights(world.environment, target), ...(await nameRights(world, 'recovery'))],
      elsewhere: target,
      overrideReason,
    }
    const [common, own, application] = await Promise.all([
      commonChecks(world, ctx, needs),
      regionChecks(world, ctx),
      applicationChecks(world),
    ])
    return [...common, ...own, ...application]
  },
  ask,
  bound: promotionBound,
  outgrown,
  steps: (environment) => [
    assess,
    baseline,
    approve,
    fenceOldWriter(environment),
    ...promoteAndStart(environment, promote),
    openPromoted(environment),
    protect,
    verifyPromoted,
    ...fullApplication(environment),
    ...moveNames(environment),
    ...poolersFollow(environment),
    ...(comparesSides(environment) ? [compareSides] : []),
    closeRegion,
  ],
  obligations: (facts) => facts.obligations ?? [],
  measures: regionMeasures,
  baseline: baselineOf,
  movedNames: movedIn,
  // The home writer must be fenced within half a minute of its return: it is looked for more often than that.
  watchers: [
    { ...watchOldWriter, everyMs: 10_000 },
    watchReturn,
    watchBothSides,
    watchReplicaHome,
    watchNames,
    watchPoolers('lead-poolers'),
  ],
})
