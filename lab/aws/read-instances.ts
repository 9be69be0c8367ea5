import { instancesIn, type RdsCall, requireInstance } from './call'
import { resourceIdOf } from './names'
import { filtered, page } from './paging'
import { clusterIdOf, renderInstance } from './render-instance'
import { engineOf } from './shape'
import { type XmlStructure, xmlList } from './xml'

export function describeDBInstances({ parameters, view, region }: RdsCall): XmlStructure {
  const id = parameters.text('DBInstanceIdentifier')
  const found = id ? [requireInstance(view, region, id)] : instancesIn(view, region)
  const { items, Marker } = page(
    parameters,
    filtered(parameters, found, {
      'db-cluster-id': (node) => clusterIdOf(view, node),
      'db-instance-id': (node) => node.id,
      'dbi-resource-id': (node) => resourceIdOf('db', node),
      engine: () => engineOf(view.shape),
      domain: () => null,
    }),
  )
  return {
    Marker,
    DBInstances: xmlList(
      'DBInstance',
      items.map((node) => renderInstance(view, node)),
    ),
  }
}
