/** Calls that change what a resource is called, how it is guarded and how it is tagged. */
import { type InstanceAttributes, instanceAttributes } from './attributes'
import { isGuarded, type RdsCall, requireCluster, requireInstance } from './call'
import { type Changes, deferrableChanges, immediateChanges, refuseUnsupported } from './changes'
import { AwsError, invalidCombination, invalidValue } from './errors'
import { requireResource } from './read-catalogue'
import { renderCluster } from './render-cluster'
import { type LabView, memberNodes } from './view'
import { renderedInstance } from './write-roles'
import type { XmlStructure } from './xml'

const unsupportedOfInstance = ['NewDBInstanceIdentifier', 'DBPortNumber', 'DBSubnetGroupName', 'Domain', 'Engine']
const unsupportedOfCluster = ['NewDBClusterIdentifier', 'Port', 'Domain', 'ScalingConfiguration', 'EngineMode']
/** What an Aurora member takes from its cluster. */
const ofClusterOnly = [
  'BackupRetentionPeriod',
  'PreferredBackupWindow',
  'VpcSecurityGroupIds',
  'AllocatedStorage',
  'MultiAZ',
]

export function modifyDBInstance(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const view = live()
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  if (node.status !== 'available') {
    throw new AwsError('InvalidDBInstanceState', `Database instance ${node.id} is not in available state.`)
  }
  const platform = node.made ? context.estate : context.cluster
  refuseUnsupported(parameters, unsupportedOfInstance)
  const immediate = immediateChanges(parameters, region)
  const deferrable = deferrableChanges(parameters)
  if (view.shape === 'aurora') {
    const wrong = ofClusterOnly.find((name) => name in immediate || name in deferrable)
    if (wrong) throw invalidCombination(`${wrong} is managed by the DB cluster of ${node.id}.`)
  }
  const now = instanceAttributes(node, view.shape)
  // Turning backups on or off needs a restart, so it waits like the others.
  const days = immediate.BackupRetentionPeriod
  if (typeof days === 'number' && (days === 0) !== (now.BackupRetentionPeriod === 0)) {
    deferrable.BackupRetentionPeriod = days
    delete immediate.BackupRetentionPeriod
  }
  const parameterGroup = parameters.text('DBParameterGroupName')
  if (parameterGroup) immediate.DBParameterGroupName = parameterGroup
  const waiting = onlyDifferent(deferrable, now)
  if (parameters.boolean('ApplyImmediately') ?? false) {
    const pending = { ...now.PendingModifiedValues, ...waiting }
    const changes = { ...immediate, ...pending }
    if (Object.keys(pending).length > 0) platform.setAttributes(node.id, { PendingModifiedValues: pending })
    if (Object.keys(changes).length > 0) platform.modify(node.id, { ...changes, PendingModifiedValues: {} })
  } else {
    if (Object.keys(waiting).length > 0) {
      platform.setAttributes(node.id, { PendingModifiedValues: { ...now.PendingModifiedValues, ...waiting } })
    }
    if (Object.keys(immediate).length > 0) platform.modify(node.id, immediate)
  }
  return renderedInstance(call, node.id)
}

export function modifyDBCluster(call: RdsCall): XmlStructure {
  const { parameters, region, live, context } = call
  const view = requireCluster(live(), region, parameters.required('DBClusterIdentifier'))
  if (view.cluster.status !== 'available') {
    throw new AwsError('InvalidDBClusterStateFault', `DB cluster ${view.cluster.id} is not in available state.`)
  }
  refuseUnsupported(parameters, unsupportedOfCluster)
  const immediate = immediateChanges(parameters, region)
  if (immediate.BackupRetentionPeriod === 0) {
    throw invalidValue('Invalid value 0 for BackupRetentionPeriod. Must be between 1 and 35.')
  }
  const group = parameters.text('DBClusterParameterGroupName')
  if (group) immediate.DBClusterParameterGroupName = group
  const now = view.cluster.attributes
  const waiting = onlyDifferent(deferrableChanges(parameters), now)
  const pending = { ...now.PendingModifiedValues, ...waiting }
  const applied = parameters.boolean('ApplyImmediately') ? { ...pending, PendingModifiedValues: {} } : {}
  const platform = isGuarded(view) ? context.cluster : context.estate
  setClusterAttributes(call, view, { PendingModifiedValues: pending, ...immediate, ...applied })
  // The network rules of a cluster are those of its members.
  if (immediate.VpcSecurityGroupIds) {
    for (const node of memberNodes(view)) {
      platform.setAttributes(node.id, { VpcSecurityGroupIds: immediate.VpcSecurityGroupIds })
    }
  }
  return { DBCluster: renderCluster(requireCluster(live(), region, view.cluster.id)) }
}

function setClusterAttributes({ context, clusterAttributes }: RdsCall, view: LabView, changes: Changes): void {
  if (isGuarded(view)) clusterAttributes.set(changes)
  else context.estate.setClusterAttributes(view.cluster.id, changes)
}

export function addTagsToResource(call: RdsCall): null {
  const { parameters, region, live, context } = call
  const view = live()
  const resource = requireResource(view, region, parameters.required('ResourceName'))
  const tags = parameters.tags()
  if (!tags) throw new AwsError('MissingParameter', 'The request must contain the parameter Tags.')
  const reserved = Object.keys(tags).find((key) => /^aws:/i.test(key))
  if (reserved) throw invalidValue(`Tag key ${reserved} starts with aws:, which is reserved.`)
  switch (resource.kind) {
    case 'cluster':
      setClusterAttributes(call, resource.view, { Tags: { ...resource.view.cluster.attributes.Tags, ...tags } })
      break
    case 'db': {
      const { Tags } = instanceAttributes(resource.node, view.shape)
      const platform = resource.node.made ? context.estate : context.cluster
      platform.setAttributes(resource.node.id, { Tags: { ...Tags, ...tags } })
      break
    }
    case 'snapshot':
      throw invalidValue('This environment keeps the tags with which a snapshot was made.')
  }
  return null
}

function onlyDifferent(changes: Changes, now: object): InstanceAttributes['PendingModifiedValues'] {
  const known = new Map<string, unknown>(Object.entries(now))
  const different: InstanceAttributes['PendingModifiedValues'] = {}
  for (const [name, value] of Object.entries(changes)) {
    const simple = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (simple && known.get(name) !== value) different[name] = value
  }
  return different
}
