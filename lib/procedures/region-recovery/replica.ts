import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import { fitToBeChosen, rdsStatus } from '../../domain/cluster/rds-status'
import type { FleetInstance } from '../../ports/fleet'
import { PortError } from '../../ports/port-error'
import type { Surroundings, World } from '../contract'
import type { WriterFacts } from '../facts'
import { needed } from '../facts'

/** A replica's name and region as the API of that region takes them. */
export function placeOf(key: string, environment: Surroundings): { name: string; region: string } {
  const { name, elsewhere } = readNodeKey(key)
  return { name, region: elsewhere ?? environment.aws.region }
}

/** The replica as RDS in its own region describes it. Throws PortError. */
export function lookAtReplica(world: World, key: string): Promise<FleetInstance> {
  const { name, region } = placeOf(key, world.environment)
  return world.fleet.instance(name, region)
}

/** The replica of a run. Throws PortError. */
export const replicaOf = (world: World, facts: WriterFacts): Promise<FleetInstance> =>
  lookAtReplica(world, needed(facts.target, 'the replica').id)

/** The replica of a run, or why it could not be read. */
export async function replicaIfRead(
  world: World,
  facts: WriterFacts,
): Promise<{ replica: FleetInstance } | { why: string }> {
  try {
    return { replica: await replicaOf(world, facts) }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { why: error.message }
  }
}

/**
 * What keeps a replica from being promoted now: `waits` ends by itself (RDS refuses a promotion while it takes a backup or changes
 * something), `never` does not. Null when nothing does. Source: RDS User Guide, "Promoting a read replica".
 */
export function promotionHeld({ id, status }: FleetInstance): { kind: 'waits' | 'never'; says: string } | null {
  const name = nodeWords(id)
  if (status === 'backing-up')
    return { kind: 'waits', says: `${name} is backing up. RDS promotes no replica during a backup.` }
  const judged = rdsStatus(status)
  if (judged.kind === 'changing') return { kind: 'waits', says: `${name} is ${status}: ${judged.reason}.` }
  const fit = fitToBeChosen(status)
  return fit.fits === 'no' ? { kind: 'never', says: `${name} cannot be promoted. ${fit.why}.` } : null
}
