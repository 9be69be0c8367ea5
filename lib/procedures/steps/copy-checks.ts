import type { RestoreAttributes } from '../../domain/restore/restorable'
import type { Surroundings } from '../contract'
import { type Answer, block, pass, warn } from '../preflight'

/** A copy is encrypted with the key of its source, and KMS keys work in their own region only. */
export function keyOf(
  { encrypted, kmsKeyId }: Pick<RestoreAttributes, 'encrypted' | 'kmsKeyId'>,
  { aws }: Surroundings,
): Answer {
  if (!encrypted) return pass('The database is not encrypted, and neither is its copy.')
  if (kmsKeyId === null)
    return warn('RDS does not name the KMS key of the database. The copy gets the account’s default.')
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(kmsKeyId)?.[1]
  return region !== undefined && region !== aws.region
    ? block(
        `The KMS key of the database is in ${region}, and the copy is made in ${aws.region}. A key works in its own region only.`,
      )
    : pass(`The copy is encrypted with ${kmsKeyId}.`)
}
