import type { Check } from '../domain/procedure/types'
import { byteWords, durationWords } from '../domain/units'
import { PortError } from '../ports/port-error'
import type { StepContext, World } from './contract'
import type { FailoverInputs } from './failover-inputs'
import { candidateIn, failoverEvents, lookAtFleet } from './looking'

type Answer = Pick<Check, 'result' | 'message'>
const pass = (message: string): Answer => ({ result: 'pass', message })
const warn = (message: string): Answer => ({ result: 'warn', message })
const block = (message: string): Answer => ({ result: 'block', message })

/** Runs a check; what cannot be found out is a warning or a block, never a pass. */
async function check(
  id: string,
  title: string,
  ask: () => Promise<Answer> | Answer,
  unknown: 'warn' | 'block' = 'warn',
): Promise<Check> {
  try {
    return { id, title, ...(await ask()) }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { id, title, result: unknown, message: `Could not be found out: ${error.message}` }
  }
}

/** PF1 to PF10, the prerequisites of every procedure; all asked at once, each with its own answer. */
export async function commonChecks(
  world: World,
  ctx: Pick<StepContext<unknown>, 'mode'>,
  scenarios: string[],
): Promise<Check[]> {
  const { environment, house } = world
  return await Promise.all([
    check(
      'PF1',
      'Account',
      async () => {
        const { account } = await world.fleet.identity()
        return account === environment.aws.accountId
          ? pass(`Signed in to account ${account}.`)
          : block(`Signed in to ${account}; ${environment.name} is ${environment.aws.accountId}.`)
      },
      'block',
    ),
    check('PF2', 'Session', () =>
      warn('How long the credentials last is not told by the API; renew them before a long run.'),
    ),
    check('PF3', 'Rights', () => warn('Whether every action is allowed is only known when it is tried.')),
    check('PF4', 'Clock', async () => {
      const before = world.now()
      const { serverAt } = await world.fleet.identity()
      if (serverAt === null) return warn('AWS told no time.')
      // HTTP dates have whole seconds: up to one of them is rounding.
      const offset = Math.max(0, Math.abs((before + world.now()) / 2 - serverAt) - 1000)
      if (offset > 60_000)
        return block(
          `Our clock is ${durationWords(offset)} off AWS’s; requests would be refused as expired. Set the clock.`,
        )
      return offset > 2_000
        ? warn(`Our clock is ${durationWords(offset)} off AWS’s.`)
        : pass('Our clock agrees with AWS’s.')
    }),
    check(
      'PF5',
      'No other hand',
      async () => {
        const other = await house.otherRun()
        if (other) return block(other)
        const { status } = await lookAtFleet(world)
        if (status === 'failing-over') return warn('RDS is failing over already; a run would adopt it.')
        return status === 'available'
          ? pass('No other run, and the cluster is available.')
          : block(`The cluster is ${status}.`)
      },
      'block',
    ),
    check('PF6', 'Diagnosis', () => diagnosis(world, ctx, scenarios)),
    check('PF7', 'Kubernetes', async () => {
      const { kubernetes } = environment
      if (!kubernetes || !world.workloads) return warn('No Kubernetes is configured; pods are not looked at.')
      const may = await Promise.all([
        world.workloads.canI('patch', 'deployments', kubernetes.namespace),
        world.workloads.canI('list', 'pods', kubernetes.namespace),
      ])
      return may.every(Boolean)
        ? pass('Deployments may be patched and pods listed.')
        : block('The runner may not patch deployments or list pods.')
    }),
    check('PF8', 'Pooler', async () => {
      if (!environment.pooler) return warn('No pooler is configured; clients get errors instead of waiting.')
      if (!world.pooler) return warn('The pooler cannot be reached.')
      const pools = await world.pooler.pools()
      return pools.paused
        ? warn('The pool is paused already.')
        : pass(`The pooler answers: ${pools.clientsActive} clients.`)
    }),
    check(
      'PF9',
      'Our own store',
      async () => {
        if (!(await house.storeWritable())) return block('The store cannot be written to.')
        return (await house.recordWhole())
          ? pass('The store can be written to and the record ends whole.')
          : block('The record does not end where it should; verify it before anything else.')
      },
      'block',
    ),
    check('PF10', 'People', async () => {
      if (!environment.policy.twoPersons && environment.kind !== 'production') return pass('One person may do it here.')
      const online = await house.approversOnline()
      if (online === null) return warn('Who is signed in is not known.')
      if (online > 0)
        return pass(
          `${online} ${online === 1 ? 'person' : 'people'} who may approve ${online === 1 ? 'is' : 'are'} signed in.`,
        )
      return environment.policy.breakGlass
        ? warn('Nobody else who may approve is signed in; break-glass remains.')
        : block('Nobody else who may approve is signed in.')
    }),
  ])
}

function diagnosis(world: World, ctx: Pick<StepContext<unknown>, 'mode'>, scenarios: string[]): Answer {
  const snapshot = world.snapshot()
  if (!snapshot)
    return ctx.mode === 'real'
      ? block('There is no picture of the cluster yet.')
      : warn('There is no picture of the cluster yet.')
  const { kind, certainty, scenario, headline } = snapshot.diagnosis
  if (kind === 'own-partition') return block(`${headline} Run from another place.`)
  if (kind === 'failing-over') return warn(headline)
  if (scenario && scenarios.includes(scenario))
    return certainty === 'confirmed'
      ? pass(headline)
      : warn(`${headline} It is not confirmed yet; the first step waits for that.`)
  if (scenario) return block(`${headline} That needs another procedure.`)
  if (ctx.mode !== 'real') return warn(`${headline} This is not the real thing.`)
  return kind === 'unknown' || kind === 'primary-suspected' || kind === 'primary-down' || kind === 'wedged-writer'
    ? warn(headline)
    : block(`${headline} Nothing calls for this procedure; start a drill to rehearse it.`)
}

/** What a primary failover asks besides. */
export async function failoverChecks(world: World, ctx: StepContext<FailoverInputs>): Promise<Check[]> {
  const { target, maxLossSeconds } = ctx.inputs
  const candidate = candidateIn(world.snapshot(), target)
  return await Promise.all([
    check(
      'P1-a',
      'Target',
      async () => {
        const fleet = await lookAtFleet(world)
        const instance = fleet.instances.find((i) => i.id === target)
        if (fleet.topology === 'unknown')
          return block('The shape of this database is not known; no procedure can run on it.')
        if (!instance) return block(`${target} is not a member of this cluster.`)
        if (fleet.writerId === target) return block(`${target} is the writer.`)
        if (instance.status !== 'available') return block(`${target} is ${instance.status}.`)
        const writer = fleet.instances.find((i) => i.id === fleet.writerId)
        if (writer && writer.instanceClass !== instance.instanceClass)
          return warn(`${target} is a ${instance.instanceClass}; the writer is a ${writer.instanceClass}.`)
        if (writer && writer.zone === instance.zone)
          return warn(`${target} is in the same zone as the writer (${instance.zone}).`)
        return pass(`${target} is available in ${instance.zone}.`)
      },
      'block',
    ),
    check('P1-b', 'Rank', () => {
      if (!candidate) return warn('The collector has no figures for this target yet.')
      if (candidate.allowed === 'no' || candidate.allowed === 'p3-only') return block(`${target}: ${candidate.reason}.`)
      const best = world.snapshot()?.candidates.find((c) => c.best)
      return best && best.nodeId !== target
        ? warn(`${best.nodeId} ranks first: ${best.reason}.`)
        : pass(`${target} ranks first.`)
    }),
    check('P1-c', 'Loss', () => {
      if (!candidate) return warn('The loss is not known: there are no figures yet.')
      if (!candidate.loss.known) return warn(`The loss is not known: ${candidate.loss.why}.`)
      const { atLeast, atMost } = candidate.loss
      const words = `At least ${durationWords(atLeast.seconds * 1000)} (${byteWords(atLeast.bytes)}), at most ${durationWords(atMost.seconds * 1000)}.`
      return atLeast.seconds > maxLossSeconds
        ? block(`${words} More than the ${maxLossSeconds} s allowed.`)
        : atMost.seconds > maxLossSeconds
          ? warn(words)
          : pass(words)
    }),
    check('P1-d', 'Wait', () => {
      if (!candidate?.wait.known) return warn('How much it has still to replay is not known.')
      return candidate.wait.seconds > 30
        ? warn(`It has ${durationWords(candidate.wait.seconds * 1000)} of WAL to replay first.`)
        : pass(`It has ${byteWords(candidate.wait.bytes)} of WAL to replay.`)
    }),
    check('P1-e', 'Failover by RDS', async () => {
      const events = await failoverEvents(world, world.now() - 10 * 60_000)
      if (events.started && events.started.at > (events.completed?.at ?? 0))
        return warn(`RDS began a failover to ${events.started.target}; a run would adopt it.`)
      return pass('RDS has no failover under way.')
    }),
  ])
}
