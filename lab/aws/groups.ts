/** Parameter and subnet groups, and the KMS key, that a resource may name. */
import type { LabShape } from '../contract'
import { AwsError } from './errors'
import { defaultGroup, labAccountId } from './names'
import type { Parameters } from './parameters'
import { engineOf } from './shape'

export const productionGroups = { subnet: 'castmatch-db-subnets', parameters: 'castmatch-prod-pg15' }
export const subnetGroups: readonly string[] = [productionGroups.subnet, 'default']

export function parameterGroups(shape: LabShape): string[] {
  return [productionGroups.parameters, `default.${engineOf(shape)}15`]
}

/** What a restored or new resource is in unless the call says otherwise. */
export function defaultGroups(shape: LabShape) {
  const [, parameters = ''] = parameterGroups(shape)
  return { VpcSecurityGroupIds: [defaultGroup], DBSubnetGroupName: 'default', parameters }
}

/** The named subnet group, or the default. Throws DBSubnetGroupNotFoundFault. */
export function subnetGroupOf(parameters: Parameters): string {
  const name = (parameters.text('DBSubnetGroupName') ?? 'default').toLowerCase()
  if (!subnetGroups.includes(name))
    throw new AwsError('DBSubnetGroupNotFoundFault', `DB subnet group '${name}' does not exist.`)
  return name
}

/** The named parameter group, or the default. Throws DBClusterParameterGroupNotFound or DBParameterGroupNotFound. */
export function parameterGroupOf(parameters: Parameters, member: string, shape: LabShape): string {
  const name = parameters.text(member) ?? defaultGroups(shape).parameters
  if (parameterGroups(shape).includes(name)) return name
  const code = member.startsWith('DBCluster') ? 'DBClusterParameterGroupNotFound' : 'DBParameterGroupNotFound'
  throw new AwsError(code, `${member} not found: ${name}`)
}

/** Throws KMSKeyNotAccessibleFault for a key of another account or region. */
export function keyOf(parameters: Parameters, region: string): string | null {
  const key = parameters.text('KmsKeyId')
  if (key !== null && !key.startsWith(`arn:aws:kms:${region}:${labAccountId}:`))
    throw new AwsError(
      'KMSKeyNotAccessibleFault',
      `The specified KMS key ${key} does not exist, is not enabled or you do not have permissions to access it.`,
    )
  return key
}
