import type { Step, Surroundings } from '../contract'
import { procedure } from '../procedure'
import { baselineWith } from '../steps/baseline'
import { baselineBeforeDamage } from '../steps/baseline-before-damage'
import { compareCopy, validateCopy } from '../steps/check-copy'
import { keepCopy } from '../steps/copy-cutover'
import { successorOf } from '../steps/copy-facts'
import { analyzeCopy, ofRecovery, restCopy, wakeCopy } from '../steps/copy-work'
import { cutOver, freeze } from '../steps/cut-over'
import { watchCopies } from '../steps/watch-copies'
import { watchCutover } from '../steps/watch-cutover'
import { approve, approveSearch, ask, outgrown, pointBound } from './approval'
import { choosePoint } from './choose-point'
import { pointCopy } from './copy'
import { compareWithSource, extractRows } from './extract'
import { type PointFacts, pointFacts } from './facts'
import { chooseInterval, reportMoment } from './find'
import { describeInputs, fields } from './form'
import { imaginedRecovery } from './imagined'
import { type Goal, mostRestores, type PointInputs, pointDraft, pointInputs, refuses, tablesIn } from './inputs'
import { pointMeasures } from './measures'
import { pointChecks } from './preflight'
import { probeSteps } from './probes'
import { createInstance, restoreCopy } from './restore-copy'
import { ways } from './ways'

const estimate = { lowSeconds: 3_600, highSeconds: 2 * 3_600 }

type PointSteps = Step<PointInputs, PointFacts>[]
type Wanted = Pick<PointInputs, 'instanceCount' | 'freeze' | 'restores'>

/** Everything that a page or a gate may meet: a run has what its inputs ask for. */
const everything: Wanted & { goal: Goal } = {
  goal: 'cutover',
  instanceCount: 15,
  freeze: 'now',
  restores: mostRestores,
}

const baseline = baselineWith<PointInputs>(({ inputs }, { database }) => ({
  tables: [...new Set([...database.criticalTables, ...tablesIn(inputs.damagedTables)])],
  queries: (database.businessQueries ?? []).map(({ name, sql }) => ({ name, sql })),
}))

/** To a validated copy beside the source, whatever is done with it. */
const toValidatedCopy = (environment: Surroundings, { instanceCount }: Wanted, first: PointSteps): PointSteps => [
  choosePoint,
  ...first,
  baseline,
  approve,
  restoreCopy(environment),
  ...Array.from({ length: instanceCount }, (_, i) => createInstance(environment, i + 1, instanceCount > 1)),
  compareCopy(pointCopy),
  ...ofRecovery(environment, restCopy),
  validateCopy(pointCopy),
  ...ofRecovery(environment, analyzeCopy),
]

/** The steps of each goal, in order. */
const stepsOf: Record<Goal, (environment: Surroundings, wanted: Wanted) => PointSteps> = {
  inspect: (environment, wanted) => [...toValidatedCopy(environment, wanted, []), keepCopy(pointCopy)],
  extract: (environment, wanted) => [...toValidatedCopy(environment, wanted, []), ...extractRows, keepCopy(pointCopy)],
  cutover: (environment, wanted) => [
    ...toValidatedCopy(environment, wanted, wanted.freeze === 'now' ? freeze(environment) : []),
    ...ofRecovery(environment, () => compareWithSource),
    // Only what this run has put to rest is started again, once the copy serves.
    ...cutOver(environment, pointCopy, wanted, ofRecovery(environment, wakeCopy)),
  ],
  find: (environment, { restores, instanceCount }) => [
    chooseInterval,
    approveSearch,
    ...Array.from({ length: restores }, (_, i) => probeSteps(environment, i + 1, instanceCount > 0)).flat(),
    reportMoment,
  ],
}

/** Read from top to bottom, this is the runbook's second procedure. */
export const pointInTime = procedure({
  slug: 'point-in-time-recovery',
  key: 'P2',
  version: 1,
  title: 'Point-in-time recovery',
  shortTitle: 'Point in time',
  purpose: 'Restores a copy of the database from before the damage. Cuts over to it if that is the goal.',
  chooseWhen: 'Data is damaged or was deleted, and a moment before that is inside the restore window.',
  neverWhen: 'The writer is down and its data is intact: a failover loses less and takes minutes.',
  scenarios: ['S2', 'S4'],
  topologies: ['hybrid', 'aurora', 'instance'],
  needs: [],
  estimate,
  loses: 'point-in-time',
  ways,
  unsuited: { S1: 'The data is intact: a failover to a reader loses less and takes minutes.' },
  inputs: pointInputs,
  draft: pointDraft,
  facts: pointFacts,
  fields,
  refuses,
  describeInputs,
  imagined: imaginedRecovery,
  preflight: (world, ctx) => pointChecks(world, ctx, estimate.highSeconds),
  ask,
  bound: pointBound,
  outgrown,
  steps(environment, inputs) {
    const wanted = inputs ?? everything
    return stepsOf[wanted.goal](environment, wanted)
  },
  obligations: (facts) => facts.obligations ?? [],
  measures: pointMeasures,
  baseline: baselineBeforeDamage,
  successor: successorOf,
  watchers: [watchCopies('restore-copy'), watchCutover],
})
