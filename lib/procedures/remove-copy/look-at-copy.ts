import type { Restorable } from '../../domain/restore/restorable'
import { listWords } from '../../domain/units'
import type { Surroundings, World } from '../contract'
import { lookAtCopy, quarantineOf } from '../steps/copy'
import { notMadeBy } from '../steps/remove-copy'
import type { RemovalInputs } from './inputs'

/** Why this may not be deleted, though its run has made it: the application may reach it. Null when nothing can. */
function opened(found: Restorable, environment: Surroundings): string | null {
  const group = quarantineOf(environment)
  if (group === null)
    return 'No recovery security group is configured, so whether the application reaches the copy is unknown.'
  const { securityGroupIds, deletionProtection } = found.attributes
  if (securityGroupIds.some((id) => id !== group))
    return `${found.id} is in ${listWords(securityGroupIds)}, so the application may reach it. Only a copy that is in ${group} alone is deleted.`
  return deletionProtection ? `${found.id} is protected from deletion, as a database that serves is.` : null
}

/** The copy that is to be deleted, or why nothing may be. Throws PortError when that is not known. */
export async function lookAtRemoval(
  world: World,
  { copy, madeBy }: RemovalInputs,
): Promise<{ found: Restorable } | { found: null; says: string } | { refused: string }> {
  const { environment } = world
  if (copy === environment.aws.clusterId) return { refused: `${copy} is the database of ${environment.name}.` }
  const found = await lookAtCopy(world, copy)
  if (!found) return { found: null, says: `There is no ${copy}.` }
  const members = found.kind === 'cluster' ? found.instances : []
  const theirs = [found, ...members].map((one) => notMadeBy(one, madeBy)).find((why) => why !== null)
  const refused = theirs ?? opened(found, environment)
  return refused ? { refused } : { found }
}
