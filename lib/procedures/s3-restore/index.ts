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
import { approve, ask, outgrown, restoreBound } from './approval'
import { loadedCopy } from './copy'
import { type RestoreFacts, restoreFacts } from './facts'
import { describeInputs, fields } from './form'
import { imaginedRestore } from './imagined'
import { type Goal, type RestoreInputs, refuses, restoreInputs, tablesIn } from './inputs'
import { harden, load, provision } from './load'
import { restoreMeasures } from './measures'
import { restoreChecks } from './preflight'
import { selectBackup, verifyObject } from './select'

const estimate = { lowSeconds: 2 * 3_600, highSeconds: 3 * 3_600 }

type RestoreSteps = Step<RestoreInputs, RestoreFacts>[]
type Wanted = Pick<RestoreInputs, 'goal' | 'freeze'>

/** Everything that a page or a gate may meet: a run has what its inputs ask for. */
const everything: Wanted = { goal: 'cutover', freeze: 'now' }

const baseline = baselineWith<RestoreInputs>(({ inputs }, { database }) => ({
  tables: [...new Set([...database.criticalTables, ...tablesIn(inputs.damagedTables)])],
  queries: (database.businessQueries ?? []).map(({ name, sql }) => ({ name, sql })),
}))

/** To a validated copy beside the source, whatever is done with it. */
const toValidatedCopy = (environment: Surroundings, first: RestoreSteps): RestoreSteps => [
  selectBackup,
  verifyObject,
  ...first,
  baseline,
  approve,
  provision(environment),
  load(environment),
  // The load itself puts everything to rest; here that is seen before anybody looks at the copy.
  ...ofRecovery(environment, restCopy),
  harden(environment),
  compareCopy(loadedCopy),
  validateCopy(loadedCopy),
  ...ofRecovery(environment, analyzeCopy),
]

/** The steps of each goal, in order. */
const stepsOf: Record<Goal, (environment: Surroundings, wanted: Wanted) => RestoreSteps> = {
  inspect: (environment) => [...toValidatedCopy(environment, []), keepCopy(loadedCopy)],
  cutover: (environment, wanted) => [
    ...toValidatedCopy(environment, wanted.freeze === 'now' ? freeze(environment) : []),
    ...cutOver(environment, loadedCopy, wanted, ofRecovery(environment, wakeCopy)),
  ],
}

/** Read from top to bottom, this is the runbook's fourth procedure. */
export const s3Restore = procedure({
  slug: 's3-restore',
  key: 'P4',
  version: 1,
  title: 'Restore from S3 backup',
  shortTitle: 'From S3',
  purpose: 'Loads a backup from S3 into a new instance and validates it. Cuts over to it if that is the goal.',
  chooseWhen: 'Data is damaged or lost, and no moment before that is inside the restore window of RDS.',
  neverWhen: 'Point-in-time recovery is possible: it loses less and takes less time.',
  scenarios: ['S2', 'S3', 'S4'],
  topologies: ['hybrid', 'instance'],
  needs: [],
  estimate,
  loses: 'backup',
  unsuited: { S1: 'The data is intact: a failover to a reader loses less and takes minutes.' },
  inputs: restoreInputs,
  facts: restoreFacts,
  fields,
  refuses,
  describeInputs,
  imagined: imaginedRestore,
  preflight: (world, ctx) => restoreChecks(world, ctx, estimate.highSeconds),
  ask,
  bound: restoreBound,
  outgrown,
  steps: (environment, inputs) => {
    const wanted = inputs ?? everything
    return stepsOf[wanted.goal](environment, wanted)
  },
  obligations: (facts) => facts.obligations ?? [],
  measures: restoreMeasures,
  baseline: baselineBeforeDamage,
  successor: successorOf,
  watchers: [watchCopies('provision-copy'), watchCutover],
})
