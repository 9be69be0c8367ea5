import { baselineOf } from '../../domain/run/baseline'
import type { Standing } from '../../ports/standing'
import { commonChecks } from '../preflight'
import { procedure } from '../procedure'
import { baseline } from '../steps/baseline'
import { close } from '../steps/close'
import { fenceOldWriter } from '../steps/fence'
import { holdTraffic, switchPooler } from '../steps/hold-traffic'
import { endLeftSessions } from '../steps/left-sessions'
import { isPoolerDuty } from '../steps/pooler'
import { outgrown, promotionBound } from '../steps/promotion-bound'
import { readersFollow } from '../steps/readers-follow'
import { switchWorkload } from '../steps/switch-workloads'
import { verifyRecovery } from '../steps/verify-recovery'
import { watchOldWriter } from '../steps/watch-old-writer'
import { watchPoolers } from '../steps/watch-poolers'
import { approve, ask } from './approval'
import { confirm } from './confirm'
import { failoverFacts } from './facts'
import { failOver } from './fail-over'
import { fenceFirst } from './fence-first'
import { describeInputs, fields } from './form'
import { imaginedFailover } from './imagined'
import { failoverInputs } from './inputs'
import { receiveAll } from './last-position'
import { failoverMeasures } from './measures'
import { failoverChecks } from './preflight'
import { confirmationNow } from './rds-confirmation'
import { failoverRights } from './rights'
import { newAddress } from './way'

const estimate = { lowSeconds: 15 * 60, highSeconds: 30 * 60 }

/** Read from top to bottom, this is the runbook's first procedure. */
export const primaryFailover = procedure({
  slug: 'primary-failover',
  key: 'P1',
  version: 15,
  title: 'Primary database failover',
  shortTitle: 'Failover',
  purpose: 'Promotes a reader in the same region and redirects all traffic to it.',
  chooseWhen: 'The writer is down and that is confirmed; or the writer is healthy and a switchover is planned.',
  neverWhen: 'Data is damaged or was deleted: the readers hold the same damage. Use point-in-time recovery.',
  scenarios: ['S1'],
  topologies: ['hybrid', 'aurora', 'multi_az_cluster', 'instance'],
  needs: [
    {
      candidate: 'in-region',
      otherwise: 'The cluster has no reader in its region: nothing can take over.',
      on: {
        instance: 'This instance has no Multi-AZ standby and no read replica in its region: nothing can take over.',
      },
    },
  ],
  estimate,
  loses: 'candidate',
  approvals: ['Failover'],
  unsuited: {
    S3: 'The readers of the region are out of reach with it.',
    S2: 'Readers contain the same damage; a failover keeps it.',
    S4: 'Readers contain the same damage; a failover keeps it.',
  },
  inputs: failoverInputs,
  facts: failoverFacts,
  fields,
  describeInputs,
  titleOf: ({ kind }) => (kind === 'switchover' ? 'Planned switchover' : null),
  imagined: imaginedFailover,
  async preflight(world, ctx) {
    const needs = {
      scenarios: ['S1'],
      estimateSeconds: estimate.highSeconds,
      operations: (fleet: Standing) => failoverRights(world.environment, fleet, ctx.inputs.target),
      overrideReason: ctx.inputs.overrideReason,
      planned: ctx.inputs.kind === 'switchover',
    }
    const [common, own] = await Promise.all([commonChecks(world, ctx, needs), failoverChecks(world, ctx)])
    return [...common, ...own]
  },
  ask,
  bound: promotionBound,
  outgrown,
  steps: (environment, inputs) => [
    confirm,
    baseline,
    approve,
    ...(environment.poolers.length > 0 ? [holdTraffic(environment)] : []),
    ...(inputs?.kind === 'switchover' ? [receiveAll] : []),
    ...(environment.aws.quarantineSecurityGroupId ? [fenceFirst(environment)] : []),
    failOver,
    fenceOldWriter(environment),
    ...(environment.poolers.length > 0 ? [switchPooler(environment, { newAddress })] : []),
    ...(environment.kubernetes?.deployments ?? []).map((deployment) =>
      switchWorkload(environment, deployment, { newAddress }),
    ),
    readersFollow({ newAddress }),
    verifyRecovery({ newAddress }),
    endLeftSessions(environment),
    close(confirmationNow),
  ],
  // Before a promotion there is no new writer that the pooler could route to.
  obligations: (facts) =>
    (facts.obligations ?? []).filter(
      (o) => !isPoolerDuty(o.id) || facts.promotedAt !== undefined || o.state !== 'open',
    ),
  measures: failoverMeasures,
  baseline: baselineOf,
  watchers: [watchOldWriter, watchPoolers('switch-pooler')],
})
