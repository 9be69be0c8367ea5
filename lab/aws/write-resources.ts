/**
 * Calls that create or delete servers. The lab has no room for a second cluster: what the API would refuse anyhow is
 * refused with its own code, the rest with the code for missing capacity or the state that stands in the way.
 */
import { instanceAttributes } from './attributes'
import { type RdsCall, requireCluster, requireInstance } from './call'
import { AwsError, invalidCombination } from './errors'
import { nameIn } from './names'
import type { LabView } from './view'

export function restoreDBClusterToPointInTime({ parameters, region, live }: RdsCall): never {
  const id = parameters.required('DBClusterIdentifier')
  const view = requireCluster(live(), region, parameters.required('SourceDBClusterIdentifier'))
  const latest = parameters.boolean('UseLatestRestorableTime') ?? false
  const at = parameters.time('RestoreToTime')
  if (latest === (at !== null)) {
    throw invalidCombination('Exactly one of RestoreToTime and UseLatestRestorableTime must be given.')
  }
  if (nameIn(id) === view.cluster.id) {
    throw new AwsError('DBClusterAlreadyExistsFault', `DB cluster ${id} already exists.`)
  }
  throw new AwsError('InsufficientDBClusterCapacityFault', 'This environment has no capacity for another DB cluster.')
}

export function createDBInstance({ parameters, live }: RdsCall): never {
  const id = parameters.required('DBInstanceIdentifier')
  parameters.required('DBInstanceClass')
  parameters.required('Engine')
  refuseExisting(live(), id)
  throw noCapacity()
}

export function createDBInstanceReadReplica({ parameters, live }: RdsCall): never {
  const id = parameters.required('DBInstanceIdentifier')
  const source = parameters.required('SourceDBInstanceIdentifier')
  const view = live()
  refuseExisting(view, id)
  if (!view.nodes.some((node) => node.id === nameIn(source))) {
    throw new AwsError('DBInstanceNotFound', `DBInstance ${source} not found.`)
  }
  throw noCapacity()
}

export function deleteDBInstance({ parameters, region, live }: RdsCall): never {
  const view = live()
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  if (instanceAttributes(node, view.shape).DeletionProtection) {
    throw invalidCombination('Cannot delete protected DB Instance, please disable deletion protection and try again.')
  }
  throw new AwsError('InvalidDBInstanceState', `DB instance ${node.id} belongs to the lab and cannot be deleted.`)
}

export function deleteDBCluster({ parameters, region, live }: RdsCall): never {
  const view = requireCluster(live(), region, parameters.required('DBClusterIdentifier'))
  if (view.cluster.attributes.DeletionProtection) {
    throw invalidCombination('Cannot delete protected Cluster, please disable deletion protection and try again.')
  }
  throw new AwsError('InvalidDBClusterStateFault', 'Cluster cannot be deleted, it still contains DB instances.')
}

function refuseExisting(view: LabView, id: string): void {
  if (view.nodes.some((node) => node.id === nameIn(id))) {
    throw new AwsError('DBInstanceAlreadyExists', `DB instance ${id} already exists.`)
  }
}

function noCapacity(): AwsError {
  return new AwsError('InsufficientDBInstanceCapacity', 'This environment has no capacity for another DB instance.')
}
