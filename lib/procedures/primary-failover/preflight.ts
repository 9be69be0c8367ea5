import { containersWords, containerWords, hiddenHosts, hostSettings, isPlain } from '../../domain/cluster/containers'
import { aboutWriter } from '../../domain/cluster/damage-verdict'
import { fenceGaps, formatFenceGaps } from '../../domain/cluster/fence-rights'
import { nodeWords } from '../../domain/cluster/node-key'
import { fitToBeChosen } from '../../domain/cluster/rds-status'
import type { Check } from '../../domain/procedure/types'
import { byteWords, durationWords } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { Standing } from '../../ports/standing'
import type { StepContext, World } from '../contract'
import { addressOf, candidateIn, failoverEvents, fixed, lookAtFleet } from '../looking'
import { block, check, pass, warn } from '../preflight'
import type { FailoverInputs } from './inputs'
import { receiveMs } from './last-position'

type Ctx = Pick<StepContext<FailoverInputs, unknown>, 'mode' | 'inputs'>

const listed = (names: string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')

/** What a primary failover asks besides the prerequisites of every procedure. */
export async function failoverChecks(world: World, ctx: Ctx): Promise<Check[]> {
  const { target, maxLossSeconds, kind } = ctx.inputs
  const planned = kind === 'switchover'
  const candidate = candidateIn(world.snapshot(), target)
  const fleet = lookAtFleet(world)
  // Each check that needs it tells its failure; alone it must not end the process.
  fleet.catch(() => {})
  return await Promise.all([
    check('P1-a', 'Target', async () => targetFits(await fleet, target), 'block'),
    check('P1-b', 'Rank', () => rank(world, ctx)),
    check('P1-c', 'Loss', () => {
      if (!candidate) return warn('The loss is unknown: there are no figures yet.')
      if (!candidate.loss.known) return warn(`The loss is unknown: ${candidate.loss.why}.`)
      const { atLeast, atMost } = candidate.loss
      if (planned) return receives(atLeast.seconds)
      const words = `At least ${durationWords(atLeast.seconds * 1000)} (${byteWords(atLeast.bytes)}), at most ${durationWords(atMost.seconds * 1000)}.`
      return atLeast.seconds > maxLossSeconds
        ? block(`${words} More than the ${maxLossSeconds} s allowed.`)
        : atMost.seconds > maxLossSeconds
          ? warn(words)
          : pass(words)
    }),
    check('P1-d', 'Wait', () => {
      if (!candidate?.wait.known) return warn('How much it still has to replay is unknown.')
      return candidate.wait.seconds > 30
        ? warn(`It has ${durationWords(candidate.wait.seconds * 1000)} of WAL to replay first.`)
        : pass(`It has ${byteWords(candidate.wait.bytes)} of WAL to replay.`)
    }),
    check('P1-e', 'Failover by RDS', async () => {
      const events = await failoverEvents(world, world.now() - 10 * 60_000, [target])
      if (events.unread) return warn(`Could not be determined: ${events.unread}`)
      if (events.started && events.started.at > (events.completed?.at ?? 0))
        return warn(`RDS began a failover to ${events.started.target}; a run would adopt it.`)
      return pass('RDS has no failover under way.')
    }),
    check('P1-f', 'Contents', async () => contents(world, await fleet, target)),
    check('P1-g', 'Fence', async () => fence(world, await fleet, target)),
    check('P1-h', 'Connections', async () => connections(world, await fleet, target)),
    ...(planned ? [check('P1-i', 'Holding clients', () => canHold(world))] : []),
  ])
}

/** Of a planned switchover: what the target lags by is what clients wait for. */
function receives(lagSeconds: number) {
  const lag = durationWords(lagSeconds * 1000)
  return lagSeconds * 1000 > receiveMs / 2
    ? warn(`It lags ${lag} behind, and clients would wait for that. Wait until it has caught up.`)
    : pass(`It lags ${lag} behind. Clients wait until it has received the last position; nothing is lost.`)
}

/** Without a last position nothing proves that nothing is lost, and there is one only while nobody writes. */
function canHold({ environment }: World) {
  if (environment.poolers.length === 0)
    return block('No pooler is configured, so nothing holds clients while the target receives the last position.')
  return environment.database.recovery
    ? pass('Clients can be held in the pooler, and sessions past it can be seen.')
    : block('No recovery role is configured that could see whether the application still writes.')
}

function targetFits(fleet: Standing, target: string) {
  const instance = fleet.instances.find((i) => i.id === target)
  if (fleet.topology === 'unknown') return block('The database topology is unknown; no procedure can run on it.')
  if (!instance) return block(`${target} is not a member of this cluster.`)
  const standby = fleet.writerId === target
  if (standby && !(fleet.topology === 'instance' && instance.multiAz)) return block(`${target} is the writer.`)
  const fit = fitToBeChosen(instance.status, standby)
  if (fit.fits === 'no') return block(`${target} cannot be chosen. ${fit.why}.`)
  const writer = fleet.instances.find((i) => i.id === fleet.writerId)
  const tiers = fleet.cluster?.members.filter((m) => !m.isWriter && m.promotionTier !== null) ?? []
  const own = tiers.find((m) => m.id === target)?.promotionTier ?? null
  const first = tiers.filter((m) => own !== null && (m.promotionTier ?? 0) < own).map((m) => m.id)
  const doubts = [
    ...(fit.fits === 'in-doubt' ? [`${fit.why}.`] : []),
    ...(writer && writer.instanceClass !== instance.instanceClass
      ? [`It is a ${instance.instanceClass}; the writer is a ${writer.instanceClass}.`]
      : []),
    ...(writer && !standby && writer.zone === instance.zone
      ? [`It is in the zone of the writer (${instance.zone}).`]
      : []),
    ...(instance.pending.length > 0 ? [`Changes wait for it: ${instance.pending.join(', ')}.`] : []),
  ]
  // A tier is RDS's own order of preference; choosing another is no fault, and worth a word.
  const tier = first.length > 0 ? ` RDS itself would take ${first.join(' or ')} first, by promotion tier.` : ''
  return doubts.length > 0
    ? warn(`${target} is ${instance.status}. ${doubts.join(' ')}${tier}`)
    : pass(`${target} is ${instance.status} in ${instance.zone}.${tier}`)
}

/** Another reader that has received more makes this one the wrong choice, while the writer gives no more to either. */
function rank(world: World, ctx: Ctx) {
  const { target, overrideReason } = ctx.inputs
  const snapshot = world.snapshot()
  const candidate = candidateIn(snapshot, target)
  if (!candidate) return warn('The collector has no figures for this target yet.')
  if (candidate.allowed === 'no' || candidate.allowed === 'other-region')
    return block(`${target}: ${candidate.reason}.`)
  const { loss } = candidate
  const down = snapshot !== null && aboutWriter(snapshot.diagnosis).kind === 'primary-down'
  const ahead = snapshot?.candidates.find(
    (c) =>
      c.nodeId !== target &&
      (c.allowed === 'allowed' || c.allowed === 'late') &&
      c.loss.known &&
      loss.known &&
      c.loss.atLeast.bytes < loss.atLeast.bytes,
  )
  if (down && ahead?.loss.known && loss.known && ctx.mode === 'real') {
    const words = `${nodeWords(ahead.nodeId)} has received ${byteWords(loss.atLeast.bytes - ahead.loss.atLeast.bytes)} more than ${target}, which would be lost.`
    return overrideReason
      ? warn(`${words} Overridden: ${overrideReason}`)
      : block(`${words} Choose it, or give a reason to override.`)
  }
  const best = snapshot?.candidates.find((c) => c.best)
  return best && best.nodeId !== target
    ? warn(`${best.nodeId} ranks first: ${best.reason}.`)
    : pass(`${target} ranks first.`)
}

/** What a promotion empties or holds up: unlogged tables, prepared transactions. */
async function contents(world: World, fleet: Standing, target: string) {
  // A writer that hangs would be waited for; the readers have its catalogue.
  const snapshot = world.snapshot()
  const down = snapshot !== null && aboutWriter(snapshot.diagnosis).kind === 'primary-down'
  const ids = down ? [target, fleet.writerId] : [fleet.writerId, target]
  let why = 'no node has an address'
  for (const id of ids) {
    const address = fleet.instances.find((i) => i.id === id)?.address
    if (!address) continue
    try {
      const { unlogged, prepared } = await world.survey(address, { tables: [], catalogueOnly: true })
      const old = prepared.filter((p) => p.ageSeconds > 60)
      const words = [
        ...(unlogged.length
          ? [
              `${unlogged.length === 1 ? 'An unlogged table is' : `${unlogged.length} unlogged tables are`} empty afterwards: ${listed(unlogged)}. Whoever approves accepts that.`,
            ]
          : []),
        ...(old.length
          ? [
              `${old.length} prepared ${old.length === 1 ? 'transaction holds' : 'transactions hold'} locks: ${listed(old.map((p) => p.gid))}.`,
            ]
          : []),
      ]
      return words.length > 0
        ? warn(words.join(' '))
        : pass('No unlogged table, and no prepared transaction that is old.')
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      why = error.message
    }
  }
  return warn(`Unlogged tables and prepared transactions could not be checked: ${why}`)
}

/** How pods dial the database: by a name that follows the writer, or by one node's own (fault 33 of the runbook). */
async function connections(world: World, fleet: Standing, target: string) {
  const { kubernetes } = world.environment
  const { workloads } = world
  if (!kubernetes || !workloads) return warn('Kubernetes is not configured; how the application connects is unknown.')
  const nodes = new Map(fleet.instances.flatMap((i) => (i.address ? [[i.address.host, i.id] as const] : [])))
  const doubts = await Promise.all(
    kubernetes.deployments.map(async (name) => {
      const { containers } = await workloads.read(kubernetes.namespace, name)
      const { hostVariable } = kubernetes
      const settings = hostSettings(containers, hostVariable)
      const hidden = hiddenHosts(containers, hostVariable)
      const references = settings.flatMap((setting) => (setting.by === 'reference' ? [setting] : []))
      const dialled = (node: string) =>
        settings.filter(isPlain).filter(({ host }) => nodes.get(host.replace(/:\d+$/, '')) === node)
      return [
        ...(settings.length === 0 && hidden.length === 0
          ? [`No container of ${name} sets ${hostVariable}: a run cannot change it. Set it in the template.`]
          : []),
        ...references.map(
          (reference) =>
            `${name}: ${containerWords(reference)} takes ${hostVariable} from ${reference.from}, and a run cannot change it there. Set a plain value in the template first, or change the source manually.`,
        ),
        ...hidden.map(
          (one) =>
            `${name}: ${containerWords(one)} takes all of ${one.from.join(', ')}; whether that contains ${hostVariable} is unknown. If it does, set a plain value in the template.`,
        ),
        ...[...new Set(nodes.values())].flatMap((node) =>
          fleet.cluster && dialled(node).length > 0
            ? [
                `${name} dials ${node} by its own name (${containersWords(dialled(node))}). The run points it to the cluster endpoint; update its source too.`,
              ]
            : [],
        ),
      ]
    }),
  )
  if (doubts.flat().length > 0) return warn(doubts.flat().join(' '))
  if (fleet.cluster) return pass('Pods dial names that follow the writer.')
  return fleet.writerId === target
    ? pass('The standby takes over the address that pods dial.')
    : warn(
        'Without a cluster, no name follows the writer. The run points pods to the new address, or waits for the pooler.',
      )
}

/** Could an old writer that answers be closed? Each right is asked for, because a run learns of a refusal too late. */
async function fence(world: World, fleet: Standing, target: string) {
  const group = world.environment.aws.quarantineSecurityGroupId
  const besides = group ? `the quarantine group ${group} remains` : 'no quarantine group is configured either'
  if (!world.environment.database.recovery)
    return warn(`No recovery role is configured: an old writer that answers cannot be fenced by SQL; ${besides}.`)
  const instance = fleet.instances.find((i) => i.id === target)
  const address = instance ? addressOf(fixed(instance, null)) : null
  if (!address) return warn('The recovery role could not be tried: the target has no address.')
  const rights = await world.fenceRights(address)
  if (!rights) return warn(`The runner has no recovery role; ${besides}.`)
  const { applicationRoles } = world.environment.database
  const gaps = fenceGaps(rights, applicationRoles)
  return gaps.length === 0
    ? pass(
        `The recovery role ${rights.user} signs in and may do each statement of the fence of ${applicationRoles.join(', ')} (PostgreSQL ${rights.version}).`,
      )
    : warn(`${formatFenceGaps(rights, gaps)} Until then, an old writer that answers may stay open; ${besides}.`)
}
