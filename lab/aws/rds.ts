import type { RdsOperation } from './call'
import {
  describeDBClusterParameters,
  describeDBEngineVersions,
  describeDBSubnetGroups,
  describeOrderableDBInstanceOptions,
  describePendingMaintenanceActions,
  listTagsForResource,
} from './read-catalogue'
import {
  describeDBClusterAutomatedBackups,
  describeDBClusters,
  describeDBInstanceAutomatedBackups,
} from './read-clusters'
import { describeEvents } from './read-events'
import { describeDBInstances } from './read-instances'
import { describeDBLogFiles, downloadDBLogFilePortion } from './read-logs'
import {
  createDBClusterSnapshot,
  createDBSnapshot,
  deleteDBClusterSnapshot,
  deleteDBSnapshot,
  describeDBClusterSnapshots,
  describeDBSnapshots,
} from './snapshots'
import { addTagsToResource, modifyDBCluster, modifyDBInstance } from './write-attributes'
import {
  createDBInstance,
  createDBInstanceReadReplica,
  deleteDBCluster,
  deleteDBInstance,
  restoreDBClusterToPointInTime,
  restoreDBInstanceToPointInTime,
} from './write-resources'
import { failoverDBCluster, promoteReadReplica, rebootDBInstance } from './write-roles'

/** RDS 2014-10-31, as far as the lab speaks it. Reads may answer from an old view; writes are logged. */
export const rdsOperations: ReadonlyMap<string, { effect: 'read' | 'write'; run: RdsOperation }> = new Map([
  ...operations('read', {
    DescribeDBClusters: describeDBClusters,
    DescribeDBInstances: describeDBInstances,
    DescribeEvents: describeEvents,
    DescribeDBClusterSnapshots: describeDBClusterSnapshots,
    DescribeDBSnapshots: describeDBSnapshots,
    DescribeDBClusterAutomatedBackups: describeDBClusterAutomatedBackups,
    DescribeDBInstanceAutomatedBackups: describeDBInstanceAutomatedBackups,
    DescribeDBLogFiles: describeDBLogFiles,
    DownloadDBLogFilePortion: downloadDBLogFilePortion,
    DescribePendingMaintenanceActions: describePendingMaintenanceActions,
    DescribeDBEngineVersions: describeDBEngineVersions,
    DescribeOrderableDBInstanceOptions: describeOrderableDBInstanceOptions,
    DescribeDBSubnetGroups: describeDBSubnetGroups,
    DescribeDBClusterParameters: describeDBClusterParameters,
    ListTagsForResource: listTagsForResource,
  }),
  ...operations('write', {
    FailoverDBCluster: failoverDBCluster,
    PromoteReadReplica: promoteReadReplica,
    RebootDBInstance: rebootDBInstance,
    ModifyDBInstance: modifyDBInstance,
    ModifyDBCluster: modifyDBCluster,
    AddTagsToResource: addTagsToResource,
    RestoreDBClusterToPointInTime: restoreDBClusterToPointInTime,
    RestoreDBInstanceToPointInTime: restoreDBInstanceToPointInTime,
    CreateDBClusterSnapshot: createDBClusterSnapshot,
    CreateDBSnapshot: createDBSnapshot,
    DeleteDBClusterSnapshot: deleteDBClusterSnapshot,
    DeleteDBSnapshot: deleteDBSnapshot,
    CreateDBInstance: createDBInstance,
    CreateDBInstanceReadReplica: createDBInstanceReadReplica,
    DeleteDBInstance: deleteDBInstance,
    DeleteDBCluster: deleteDBCluster,
  }),
])

function operations(effect: 'read' | 'write', named: Record<string, RdsOperation>) {
  return Object.entries(named).map(([name, run]) => [name, { effect, run }] as const)
}
