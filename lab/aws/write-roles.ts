/** Calls that move roles or restart servers: the cluster room acts, this room refuses what the API would refuse. */
import { instanceAttributes } from './attributes'
import { isGuarded, type RdsCall, requireCluster, requireInstance } from './call'
import { backupChanges } from './changes'
import { AwsError, invalidCombination } from './errors'
import { nameIn } from './names'
import { renderCluster } from './render-cluster'
import { clusterIdOf, renderInstance } from './render-instance'
import { memberNodes, sourceOf } from './view'
import type { XmlStructure } from './xml'

export function failoverDBCluster({ parameters, region, live, context }: RdsCall): XmlStructure {
  const view = requireCluster(live(), region, parameters.required('DBClusterIdentifier'))
  if (!isGuarded(view)) {
    throw new AwsError(
      'InvalidDBClusterStateFault',
      `DB cluster ${view.cluster.id} does not fail over in this environment.`,
    )
  }
  const target = parameters.text('TargetDBInstanceIdentifier')
  if (target !== null) {
    const node = memberNodes(view).find((member) => member.id === nameIn(target))
    if (!node) throw invalidState(`${target} is not a member of DB cluster ${view.cluster.id}.`)
    if (node.id === view.cluster.writerId) {
      throw invalidState(`Cannot fail over to ${target}: it is already the writer of ${view.cluster.id}.`)
    }
  }
  context.cluster.failover(target === null ? null : nameIn(target))
  return { DBCluster: renderCluster(live()) }
}

export function promoteReadReplica(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const view = live()
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  const changes = backupChanges(parameters)
  if (sourceOf(view, node) === null) throw invalidState(`DB Instance ${node.id} is not a read replica.`)
  if (node.made) context.estate.promoteReplica(node.id)
  else context.cluster.promoteReadReplica(node.id)
  // A promotion turns backups on, for one day unless it says otherwise.
  const platform = node.made ? context.estate : context.cluster
  platform.setAttributes(node.id, { BackupRetentionPeriod: 1, ...changes })
  return renderedInstance(call, node.id)
}

export function rebootDBInstance(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const view = live()
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  const forced = parameters.boolean('ForceFailover') ?? false
  const hasStandby = instanceAttributes(node, view.shape).MultiAZ || clusterIdOf(view, node) !== null
  if (forced && !hasStandby) {
    throw invalidCombination(`Cannot force a failover of ${node.id}: it is not a Multi-AZ DB instance.`)
  }
  if (node.made && forced) {
    throw invalidCombination(`Cannot force a failover of ${node.id} in this environment.`)
  }
  if (node.made) context.estate.reboot(node.id)
  else if (forced && clusterIdOf(view, node) === null) context.cluster.failoverToStandby(node.id)
  else context.cluster.reboot(node.id, forced)
  return renderedInstance(call, node.id)
}

/** `{DBInstance}` as it is now. */
export function renderedInstance({ live, region }: RdsCall, id: string): XmlStructure {
  const view = live()
  return { DBInstance: renderInstance(view, requireInstance(view, region, id)) }
}

function invalidState(message: string): AwsError {
  return new AwsError('InvalidDBInstanceState', message)
}
