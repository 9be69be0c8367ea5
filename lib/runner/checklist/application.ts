import {
  comparedWords,
  hourBefore,
  judgePerformance,
  type PerformanceSample,
  weekBefore,
} from '../../domain/checklist/performance'
import { found, judged, type Probe, type Probes } from './kit'

/** Item 2: every replica of every deployment available, the rollout complete. */
const appHealth: Probe = async ({ ports, environment }) => {
  const { kubernetes } = environment
  if (!ports.workloads || !kubernetes)
    return found('impossible', 'No Kubernetes is configured for this environment.', 'deployments', 'not configured')
  const states = await Promise.all(
    kubernetes.deployments.map(async (name) => ({
      name,
      state: await ports.workloads?.read(kubernetes.namespace, name),
    })),
  )
  const troubles = states.flatMap(({ name, state }) =>
    !state
      ? []
      : state.replicas === 0
        ? [`${name} is scaled to nothing.`]
        : state.ready < state.replicas
          ? [`${state.ready} of ${state.replicas} pods of ${name} are ready.`]
          : state.rollout !== 'complete'
            ? [`The rollout of ${name} is ${state.rollout}: ${state.rolloutDetail}.`]
            : [],
  )
  const request = `GET deployments ${kubernetes.deployments.join(', ')} in ${kubernetes.namespace}`
  const kept = states.map(({ name, state }) => ({
    name,
    replicas: state?.replicas,
    ready: state?.ready,
    rollout: state?.rollout,
    pods: state?.pods,
  }))
  return judged(troubles, 'All pods are ready and no rollout is under way.', request, kept)
}

const minuteMs = 60_000

/**
 * Item 4: errors and the 95th percentile of the last ten minutes against the same hour a week before, or against the hour
 * before the impact where nothing is known of that.
 */
const performance: Probe = async ({ ports, environment, now }, { impactStartedAt }) => {
  const { metrics } = ports
  if (!metrics)
    return found('impossible', 'No metrics are configured for this environment.', 'application', 'not configured')
  const sample = async (at: number): Promise<PerformanceSample> => ({ at, ...(await metrics.application(at)) })
  // The lab runs thirty times as fast as a real region, and what is steady there is so sooner.
  const steadyMs = environment.kind === 'lab' ? minuteMs / 3 : 10 * minuteMs
  const at = now()
  const recent = await Promise.all(Array.from({ length: 11 }, (_, i) => sample(at - (steadyMs * i) / 10)))
  const lastWeek = await Promise.all(weekBefore(at).map(sample))
  const comparedWith = lastWeek.some(({ p95Ms }) => p95Ms !== null) ? 'week-before' : 'hour-before'
  const usual = comparedWith === 'week-before' ? lastWeek : await Promise.all(hourBefore(impactStartedAt).map(sample))
  const verdict = judgePerformance(recent, usual, comparedWith, steadyMs)
  return found(verdict.state, verdict.says, 'error ratio and 95th percentile of the application, by Prometheus', {
    recent,
    usual,
    comparedWith: comparedWords[comparedWith],
  })
}

/** Item 5: nothing of ours is firing. After a cutover that is nothing but what is about the database that was left. */
const alerts: Probe = async ({ ports, environment, cutOver }, { baseline }) => {
  if (!ports.metrics)
    return found('impossible', 'No metrics are configured for this environment.', 'alerts', 'not configured')
  const { alertsFiring } = await ports.metrics.overview()
  const left = cutOver
    ? [environment.aws.crossRegionReplicaId, ...(baseline?.cluster?.instances ?? []).map(({ id }) => id)]
    : []
  const ofLeft = alertsFiring.filter(({ subjects }) => subjects?.some((subject) => left.includes(subject)))
  const ours = alertsFiring.filter((alert) => !ofLeft.includes(alert))
  const named = (some: typeof alertsFiring) => [...new Set(some.map(({ name }) => name))].slice(0, 5).join(', ')
  return judged(
    ours.length ? [`${ours.length} firing: ${named(ours)}.`] : [],
    ofLeft.length
      ? `No alert is firing but ${ofLeft.length} about the database that was left: ${named(ofLeft)}.`
      : 'No alert is firing.',
    'ALERTS{alertstate="firing"}',
    alertsFiring,
  )
}

export const applicationProbes: Probes<'app-health' | 'performance' | 'alerts'> = {
  'app-health': appHealth,
  performance,
  alerts,
}
