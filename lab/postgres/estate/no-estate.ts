import { type LabEstate, LabStateError } from '../../contract'

function noCapacity(): never {
  throw new LabStateError('InsufficientDBInstanceCapacity', 'This environment has no capacity for another DB instance.')
}

/** Of a lab that has room for nothing but the guarded cluster. */
export const noEstate: LabEstate = {
  clusters: () => [],
  instances: () => [],
  snapshots: () => [],
  restorable: () => ({ earliest: null, latest: null }),
  restoreCluster() {
    throw new LabStateError(
      'InsufficientDBClusterCapacityFault',
      'This environment has no capacity for another DB cluster.',
      403,
    )
  },
  restoreInstance: noCapacity,
  createMember: noCapacity,
  createInstance: noCapacity,
  createReplica: noCapacity,
  promoteReplica: noCapacity,
  modify: noCapacity,
  setAttributes: noCapacity,
  setClusterAttributes: noCapacity,
  reboot: noCapacity,
  deleteInstance: noCapacity,
  deleteCluster: noCapacity,
  createSnapshot: noCapacity,
  deleteSnapshot: noCapacity,
  masterPassword: () => null,
}
