import type { Restorable } from '../../domain/restore/restorable'
import { PortError } from '../../ports/port-error'
import type { Verdict, World } from '../contract'
import { askPosition, fixed, lookAtFleet } from '../looking'
import type { CopyFacts, Source } from './copy-facts'

export interface SeenSource {
  found: Restorable
  facts: CopyFacts
}

/** The source of a copy as it is now, with what every later step needs of it; a verdict where no copy can be made of it. */
export async function lookAtSource(
  world: World,
  known: CopyFacts,
  impactAt: number | null,
): Promise<SeenSource | Verdict<never>> {
  const [fleet, found, identity] = await Promise.all([
    lookAtFleet(world),
    world.fleet.restorable(world.environment.aws.clusterId),
    known.identity ?? whoWeAre(world),
  ])
  const writer = fleet.instances.find((i) => i.id === fleet.writerId)
  if (!writer) return { state: 'not-yet', says: 'RDS names no writer at this moment.' }
  const answer = await askPosition(world, writer.address)
  const endpoint = fleet.endpoint ?? writer.address
  const source: Source = {
    kind: found.kind,
    id: found.id,
    attributes: found.attributes,
    instances: found.instances.map(({ instanceClass, parameterGroup, promotionTier, publiclyAccessible }) => ({
      instanceClass,
      parameterGroup,
      promotionTier,
      publiclyAccessible,
    })),
    tags: found.tags,
  }
  return {
    found,
    facts: {
      topology: fleet.topology,
      clusterId: found.id,
      // Clients come by the endpoint, and so do those who close the source.
      writerBefore: { ...fixed(writer, answer), host: endpoint?.host ?? null, port: endpoint?.port ?? null },
      members: fleet.instances.map((i) => i.id),
      confirmedAt: world.now(),
      identity,
      impactAt,
      beatBefore: answer.ok ? answer.position.beat : null,
      source,
    },
  }
}

async function whoWeAre(world: World): Promise<string | null> {
  try {
    return (await world.fleet.identity()).arn
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return null
  }
}
