import type { NeededRight } from '../../domain/cluster/aws-rights'
import { nodeWords } from '../../domain/cluster/node-key'
import { regionOfHost } from '../../domain/cluster/traffic'
import type { Check } from '../../domain/procedure/types'
import { byteWords, durationWords } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { StepContext, Surroundings, World } from '../contract'
import { addressOf, askPosition, candidateIn, fixed } from '../looking'
import { type Answer, block, check, pass, warn } from '../preflight'
import { nameChecks } from '../steps/names-preflight'
import type { RegionInputs } from './inputs'
import { lookAtReplica, placeOf, promotionHeld } from './replica'

type Ctx = Pick<StepContext<RegionInputs, unknown>, 'mode' | 'inputs'>

/** What the promotion and its protection send, and to what. */
export function regionRights(environment: Surroundings, target: string): NeededRight[] {
  const { name, region } = placeOf(target, environment)
  const resource = { kind: 'db', name, region } as const
  return [
    { operation: 'PromoteReadReplica', resource, without: null },
    { operation: 'ModifyDBInstance', resource, without: 'The promoted database would have no deletion protection.' },
  ]
}

/** What a cross-region recovery asks besides the prerequisites of every procedure. */
export async function regionChecks(world: World, ctx: Ctx): Promise<Check[]> {
  const { target, maxLossSeconds } = ctx.inputs
  const { region } = placeOf(target, world.environment)
  const home = world.environment.aws.region
  const name = nodeWords(target)
  const names = await nameChecks(world, ctx.inputs, async () => (await lookAtReplica(world, target)).address)
  const own = await Promise.all([
    check(
      'P3-a',
      'Replica',
      async () => {
        if (region === home) return block(`${name} is in the home region. A failover promotes it.`)
        const replica = await lookAtReplica(world, target)
        if (replica.replicaSourceId === null) return block(`${name} is no replica any more.`)
        const held = promotionHeld(replica)
        if (held) return held.kind === 'never' ? block(held.says) : warn(`${held.says} A run waits for it.`)
        const doubts = [
          ...(replica.replication && !replica.replication.normal
            ? [`RDS reports its replication as ${replica.replication.status}.`]
            : []),
          ...(replica.pending.length > 0 ? [`Changes wait for it: ${replica.pending.join(', ')}.`] : []),
        ]
        const says = `${name} is ${replica.status} in ${replica.zone}.`
        return doubts.length > 0 ? warn([says, ...doubts].join(' ')) : pass(says)
      },
      'block',
    ),
    check('P3-b', 'Its own word', async () => {
      const replica = await lookAtReplica(world, target)
      const answer = await askPosition(world, addressOf(fixed(replica, null)))
      if (!answer.ok) return warn(`${name} does not respond: ${answer.why}`)
      if (!answer.position.standby) return block(`${name} accepts writes already. Check who promoted it.`)
      return answer.position.replayPaused
        ? block(`${name} has paused its replay; resume it first.`)
        : pass(`${name} answers as a standby.`)
    }),
    check('P3-c', 'Loss', () => {
      const loss = candidateIn(world.snapshot(), target)?.loss
      if (!loss?.known) return warn(`The loss is unknown: ${loss ? loss.why : 'there are no figures yet'}.`)
      const { atLeast, atMost } = loss
      const words = `At least ${durationWords(atLeast.seconds * 1000)} (${byteWords(atLeast.bytes)}), at most ${durationWords(atMost.seconds * 1000)}.`
      return atLeast.seconds > maxLossSeconds
        ? block(`${words} More than the ${maxLossSeconds} s allowed.`)
        : atMost.seconds > maxLossSeconds
          ? warn(words)
          : pass(words)
    }),
    check('P3-d', 'Same class', async () => {
      const replica = await lookAtReplica(world, target)
      const snapshot = world.snapshot()
      const writer = snapshot?.nodes.find(({ id }) => id === snapshot.writerId)
      if (!writer?.instanceClass) return warn('The class of the writer at home is unknown.')
      return writer.instanceClass === replica.instanceClass
        ? pass(`It is a ${replica.instanceClass}, as the writer at home.`)
        : warn(`It is a ${replica.instanceClass}; the writer at home is a ${writer.instanceClass}.`)
    }),
    check('P3-e', 'What it empties', async () => {
      const { address } = await lookAtReplica(world, target)
      if (!address) return warn('The replica has no address, so unlogged tables are unknown.')
      const { unlogged } = await world.survey(address, { tables: [], catalogueOnly: true })
      return unlogged.length > 0
        ? warn(
            `Unlogged tables are empty afterwards: ${unlogged.slice(0, 5).join(', ')}. Whoever approves accepts that.`,
          )
        : pass('No unlogged table.')
    }),
    check('P3-p', 'Place of our own store', () => placeOfStore(world, ctx.mode)),
    check('P3-f', 'Home region', async () => {
      try {
        const { cluster } = await world.fleet.guarded(world.environment.aws.clusterId, [])
        return warn(
          `RDS in ${home} responds${cluster ? ` and reports ${cluster.status}` : ''}. Check that the region is really away.`,
        )
      } catch (error) {
        if (!(error instanceof PortError)) throw error
        return pass(`RDS in ${home} does not respond: ${error.message}`)
      }
    }),
  ])
  return [...own, ...names]
}

const isOnThisMachine = (host: string) => host.startsWith('/') || /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host)

/** A run keeps its journal in our store: one that goes down with the home region takes the run with it. */
function placeOfStore(world: World, mode: Ctx['mode']): Answer {
  const { region, drRegion } = world.environment.aws
  const host = world.house.storeHost()
  if (host === null) return warn('Where our own store is is unknown.')
  if (isOnThisMachine(host)) return pass('Our own store is on the machine of this runner.')
  const at = regionOfHost(host, { environment: { region, drRegion }, nodes: world.snapshot()?.nodes ?? [] })
  if (at === null) return warn(`Our own store is at ${host}. Check that it is not in ${region}.`)
  if (at !== region) return pass(`Our own store is in ${at}.`)
  const says = `Our own store is in ${region}: a run would lose its journal with the region. Move the store to ${drRegion} first.`
  return mode === 'real' ? block(says) : warn(says)
}
