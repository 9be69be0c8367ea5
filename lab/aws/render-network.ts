import { rdsArn } from './names'
import type { LabView } from './view'
import { type XmlStructure, xmlList } from './xml'

/** The subnet group of a region: one subnet for each zone in which a node lives. */
export function renderSubnetGroup(view: LabView, region: string, name: string): XmlStructure {
  const zones = [...new Set(view.nodes.filter((node) => node.region === region).map((node) => node.zone))].sort()
  return {
    DBSubnetGroupName: name,
    DBSubnetGroupDescription: `Database subnets in ${region}`,
    VpcId: `vpc-castmatch-${region}`,
    SubnetGroupStatus: 'Complete',
    Subnets: xmlList(
      'Subnet',
      zones.map((zone) => ({
        SubnetIdentifier: `subnet-castmatch-${zone}`,
        SubnetAvailabilityZone: { Name: zone },
        SubnetOutpost: {},
        SubnetStatus: 'Active',
      })),
    ),
    DBSubnetGroupArn: rdsArn(region, 'subgrp', name),
    SupportedNetworkTypes: xmlList('member', ['IPV4']),
  }
}
