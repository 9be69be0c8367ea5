import type { NeededRight } from '../../domain/cluster/aws-rights'
import type { Standing } from '../../ports/standing'
import type { Surroundings } from '../contract'
import { takesOwnGroups } from '../steps/fence-calls'

/** The operations that a failover to this target sends, as the API names them, and to what. */
export function failoverRights(environment: Surroundings, fleet: Standing, target: string): NeededRight[] {
  return [...roleRights(environment, fleet, target), ...fenceRights(environment, fleet)]
}

function roleRights({ aws }: Surroundings, { topology, writerId }: Standing, target: string): NeededRight[] {
  switch (topology) {
    case 'aurora':
    case 'multi_az_cluster':
    case 'hybrid':
      return [{ operation: 'FailoverDBCluster', resource: { kind: 'cluster', name: aws.clusterId }, without: null }]
    case 'instance': {
      const operation = target === writerId ? 'RebootDBInstance' : 'PromoteReadReplica'
      return [{ operation, resource: { kind: 'db', name: target }, without: null }]
    }
    case 'unknown':
      return []
  }
}

/** The old writer is moved to the quarantine group, where there is one. */
function fenceRights({ aws, database }: Surroundings, { topology, writerId }: Standing): NeededRight[] {
  if (!aws.quarantineSecurityGroupId || writerId === null || !takesOwnGroups(topology)) return []
  const without = database.recovery
    ? 'The old writer would be fenced by SQL only.'
    : 'Nothing would fence the old writer.'
  return [{ operation: 'ModifyDBInstance', resource: { kind: 'db', name: writerId }, without }]
}
