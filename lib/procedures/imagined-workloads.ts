import type { HostSetting } from '../domain/cluster/containers'
import type { Snapshot } from '../domain/cluster/types'
import type { Surroundings } from './contract'
import type { BaselineFacts } from './facts'
import { placeholder } from './previewing'

/** The deployments as a run would find them now, for the commands on a procedure's page; an unknown number of pods is left out. */
export function imaginedWorkloads(
  snapshot: Snapshot | null,
  { kubernetes }: Surroundings,
): Pick<BaselineFacts, 'workloads' | 'replicasBefore'> {
  const seen = snapshot?.workload.value ?? null
  const unseen: HostSetting[] = [
    {
      container: placeholder('each container that sets it'),
      init: false,
      by: 'value',
      host: seen?.databaseHost ?? placeholder('former host'),
    },
  ]
  return {
    workloads: (kubernetes?.deployments ?? []).map((deployment) => ({
      deployment,
      containers: seen?.deployment === deployment && seen.hostSettings?.length ? seen.hostSettings : unseen,
      replicas: seen?.replicas ?? 0,
    })),
    replicasBefore: seen ? { [seen.deployment]: seen.replicas } : {},
  }
}
