import {
  arnOfRight,
  bareOperation,
  judgeRights,
  type NeededRight,
  principalOf,
  type SimulatedRight,
} from '../domain/cluster/aws-rights'
import { aboutWriter } from '../domain/cluster/damage-verdict'
import { nodeWords, readNodeKey } from '../domain/cluster/node-key'
import { severalInstancesWords } from '../domain/cluster/pooler'
import { type RdsStatus, rdsStatus } from '../domain/cluster/rds-status'
import type { Snapshot } from '../domain/cluster/types'
import type { PoolerAddress } from '../domain/procedure/call'
import type { Check } from '../domain/procedure/types'
import { asksTwoPersons } from '../domain/run/own-policy'
import { durationWords } from '../domain/units'
import { PortError } from '../ports/port-error'
import type { Standing } from '../ports/standing'
import type { StepContext, World } from './contract'
import { lookAtFleet } from './looking'
import { lookAtPooler, poolerName, portOf, said } from './steps/pooler'

export type Answer = Pick<Check, 'result' | 'message'>
export const pass = (message: string): Answer => ({ result: 'pass', message })
export const warn = (message: string): Answer => ({ result: 'warn', message })
export const block = (message: string): Answer => ({ result: 'block', message })

/** Runs a check; what cannot be found out is a warning or a block, never a pass. */
export async function check(
  id: string,
  title: string,
  ask: () => Promise<Answer> | Answer,
  unknown: 'warn' | 'block' = 'warn',
): Promise<Check> {
  try {
    return { id, title, ...(await ask()) }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { id, title, result: unknown, message: `Could not be determined: ${error.message}` }
  }
}

/** What the prerequisites of one procedure depend on. */
interface Needs {
  scenarios: string[]
  /** Longest estimate of the whole, seconds. */
  estimateSeconds: number
  /** Operations of the managed API that the procedure sends, and to what; by the database as it is now where that decides. */
  operations: NeededRight[] | ((fleet: Standing) => NeededRight[])
  /** Key of the node in another region that this procedure changes instead of the database at home, which may be away. */
  elsewhere?: string
  /** Why a person sets the diagnosis aside; empty when nobody does. */
  overrideReason: string
  /** It moves a healthy writer on purpose: there must be no diagnosis, and none can be set aside. */
  planned?: boolean
}

/** PF1 to PF10, the prerequisites of every procedure; all asked at once, each with its own answer. */
export async function commonChecks(
  world: World,
  ctx: Pick<StepContext<unknown, unknown>, 'mode'>,
  needs: Needs,
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
    check('PF2', 'Session', () => session(world, needs.estimateSeconds)),
    check('PF3', 'Rights', () => rights(world, needs)),
    check('PF4', 'Clock', async () => {
      const before = world.now()
      const { serverAt } = await world.fleet.identity()
      if (serverAt === null) return warn('AWS did not report a time.')
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
      'No concurrent change',
      async () => {
        const other = await house.otherRun()
        if (other) return block(other)
        if (needs.elsewhere) return await unchanged(world, needs.elsewhere)
        const fleet = await lookAtFleet(world)
        const { instances } = fleet
        const busy = heldByRds(rdsStatus(fleet.status))
        if (busy) return busy
        // It only ever warns, so that it is not known is no reason to stop either.
        const maintenance = await world.fleet
          .maintenance([environment.aws.clusterId, ...instances.map((i) => i.id)])
          .catch((error: unknown) => {
            if (error instanceof PortError) return error
            throw error
          })
        const writer = instances.find((i) => i.id === fleet.writerId)
        const doubts = [
          ...reported('the cluster', fleet.status),
          ...(fleet.cluster && writer ? reported(`the writer ${writer.id}`, writer.status) : []),
          ...(maintenance instanceof PortError
            ? [`Whether maintenance is due is unknown: ${maintenance.message}`]
            : maintenance.length > 0
              ? [
                  `Maintenance is due: ${maintenance.map((m) => `${m.action} of ${m.resource}`).join(', ')}; it may restart a node.`,
                ]
              : []),
        ]
        const free = 'No other run, and RDS is changing nothing in the cluster.'
        return doubts.length > 0 ? warn([free, ...doubts].join(' ')) : pass(free)
      },
      'block',
    ),
    check('PF6', 'Diagnosis', () => diagnosis(world, ctx, needs)),
    check('PF7', 'Kubernetes', () => kubernetesChecks(world)),
    check('PF8', 'Pooler', () => poolerChecks(world)),
    check(
      'PF9',
      'Our own store',
      async () => {
        if (!(await house.storeWritable())) return block('The store is not writable.')
        return (await house.recordWhole())
          ? pass('The store is writable and the record is intact.')
          : block('The end of the record does not match its head. Verify the record first.')
      },
      'block',
    ),
    check('PF10', 'People', async () => {
      if (!asksTwoPersons(environment)) return pass('One person is enough.')
      const online = await house.approversOnline()
      if (online === null) return warn('Who is signed in is unknown.')
      if (online > 0)
        return pass(
          `${online} ${online === 1 ? 'person' : 'people'} who may approve ${online === 1 ? 'is' : 'are'} signed in.`,
        )
      return environment.policy.breakGlass
        ? warn('No other approver is signed in; break-glass is available.')
        : block('No other approver is signed in.')
    }),
  ])
}

/** PF8: every pooler answers, is one process, passes traffic, and lets our own writes through. */
async function poolerChecks(world: World): Promise<Answer> {
  const { poolers } = world.environment
  if (poolers.length === 0) return warn('No pooler is configured; clients get errors instead of waiting.')
  const answers = await Promise.all(poolers.map((pooler) => poolerCheck(world, pooler)))
  const of = (result: Answer['result']) => answers.filter((answer) => answer.result === result)
  const worst = of('block').length > 0 ? of('block') : of('warn').length > 0 ? of('warn') : answers
  return { result: worst[0]?.result ?? 'warn', message: said(worst.map(({ message }) => ({ says: message }))) }
}

async function poolerCheck(world: World, pooler: PoolerAddress): Promise<Answer> {
  const look = await lookAtPooler(world, pooler)
  switch (look.kind) {
    case 'unknown':
      return warn(`Could not be determined: ${look.says}`)
    case 'down':
      return warn(`${look.says} The run continues without it.`)
    case 'holding':
      return (await hidesOthers(world, pooler)) ?? warn(look.says)
    case 'passing':
      return (
        (await hidesOthers(world, pooler)) ??
        (await refusesUs(world, pooler)) ??
        pass(`${poolerName(pooler)} answers: ${look.pools.clientsActive} clients.`)
      )
  }
}

async function hidesOthers(world: World, pooler: PoolerAddress): Promise<Answer | null> {
  try {
    return (await portOf(world, pooler).instances()) > 1 ? block(severalInstancesWords(pooler)) : null
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return warn(`Whether one process alone answers at its address could not be determined: ${error.message}`)
  }
}

/** Whatever else keeps a question from the database, such as a writer that is down, is not the pooler's. */
async function refusesUs(world: World, pooler: PoolerAddress): Promise<Answer | null> {
  try {
    await world.askThrough(pooler, (probe) => probe.position())
    return null
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    const { user } = world.environment.database
    return error.errorClass === 'auth'
      ? warn(`${poolerName(pooler)} does not let the role ${user} in, so a run cannot prove a write through it.`)
      : null
  }
}

/** PF5: only while RDS itself is changing something must a run wait. What is broken is a reason to go on. */
function heldByRds(judged: RdsStatus): Answer | null {
  switch (judged.kind) {
    case 'changing':
      return judged.mayBe === 'failover'
        ? warn('RDS is failing over already; a run would adopt it.')
        : block(`The cluster is ${judged.status}: ${judged.reason}. Start the run when that is over.`)
    case 'usable':
    case 'broken':
    case 'unknown':
      return null
  }
}

/** PF5 of a node in another region: what RDS is doing there. What it does at home may not be known, and stops nobody. */
async function unchanged(world: World, key: string): Promise<Answer> {
  const { name, elsewhere } = readNodeKey(key)
  const node = await world.fleet.instance(name, elsewhere ?? world.environment.aws.region)
  const judged = rdsStatus(node.status)
  const what = `${nodeWords(key)} is ${node.status}`
  return judged.kind === 'changing'
    ? warn(`${what}: ${judged.reason}. A run waits for that.`)
    : pass(`${what}, and no other run is active.`)
}

/** What RDS reports of the cluster or of its writer, when it is not usable; no reason to stop. */
function reported(what: string, status: string): string[] {
  const judged = rdsStatus(status)
  return judged.kind === 'usable' ? [] : [`RDS reports ${what} as ${status}: ${judged.reason}.`]
}

/** PF2: a session that ends in the middle leaves a run half done. */
async function session(world: World, estimateSeconds: number): Promise<Answer> {
  const credentials = await world.fleet.credentials()
  if (!credentials.temporary) return pass('The credentials do not expire.')
  if (credentials.expiresAt === null)
    return warn('When the credentials expire is unknown: their session token came without its end. Renew them first.')
  const left = credentials.expiresAt - world.now()
  const words = `The credentials last for ${durationWords(Math.max(0, left))}.`
  if (left < 15 * 60_000) return block(`${words} Sign in again: a run needs at least 15 min of them.`)
  return left < estimateSeconds * 1500
    ? warn(`${words} The run may take ${durationWords(estimateSeconds * 1000)}; renew them first.`)
    : pass(words)
}

/**
 * PF3: IAM tells what the policies allow, where it may be asked. Where it may not, what the API did for the same identity
 * before is the proof.
 */
async function rights(world: World, needs: Needs): Promise<Answer> {
  const [{ arn: identity }, sent] = await Promise.all([
    world.fleet.identity(),
    typeof needs.operations === 'function' ? lookAtFleet(world).then(needs.operations) : needs.operations,
  ])
  const needed = sent.map((right) => ({
    ...right,
    arn: arnOfRight(identity, world.environment.aws, right.resource),
  }))
  const operations = [...new Set(needed.map((right) => right.operation))]
  const principal = principalOf(identity)
  const simulated = principal
    ? await simulation(world, principal, needed)
    : { why: `${identity} is neither a user nor a role.` }
  if ('rights' in simulated) {
    const { result, says } = judgeRights(needed, simulated.rights)
    if (result === 'pass') return pass(`The policies of ${identity} allow ${operations.join(', ')}.`)
    return { result, message: [...says, `Change the policies of ${principal}.`].join(' ') }
  }
  const proved = await Promise.all(
    operations.map((operation) => world.house.lastAccepted(bareOperation(operation), identity)),
  )
  const unproved = operations.filter((_, i) => proved[i] === null)
  if (unproved.length > 0)
    return warn(
      `Permissions could not be simulated: ${simulated.why} ${unproved.join(', ')} ${unproved.length === 1 ? 'has' : 'have'} never been accepted from ${identity}. Run a drill, or allow iam:SimulatePrincipalPolicy and iam:GetRole on ${principal ?? 'its role'}.`,
    )
  const oldest = Math.min(...proved.map((at) => at ?? 0))
  return pass(
    `${operations.join(', ')} ${operations.length === 1 ? 'was' : 'were'} accepted from ${identity} ${durationWords(world.now() - oldest)} ago.`,
  )
}

async function simulation(
  world: World,
  principal: string,
  needed: (NeededRight & { arn: string })[],
): Promise<{ rights: SimulatedRight[] } | { why: string }> {
  try {
    const asked = needed.map(({ operation, arn }) => ({ operation, resource: arn }))
    return { rights: await world.fleet.simulate(principal, asked) }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { why: error.message }
  }
}

/** PF7: may it be changed, and will it stay so? */
async function kubernetesChecks(world: World): Promise<Answer> {
  const { kubernetes } = world.environment
  const { workloads } = world
  if (!kubernetes || !workloads) return warn('Kubernetes is not configured; pods are not checked.')
  const { namespace, deployments } = kubernetes
  const may = await Promise.all([
    workloads.canI('patch', 'deployments', namespace),
    workloads.canI('patch', 'deployments/scale', namespace),
    workloads.canI('list', 'pods', namespace),
  ])
  if (!may.every(Boolean)) return block('The runner may not patch deployments, scale them or list pods.')
  const owners = await Promise.all(
    deployments.map(async (name) => ({
      name,
      owners: await workloads.owners(namespace, name),
      paused: (await workloads.read(namespace, name)).paused,
    })),
  )
  const doubts = owners.flatMap(({ name, paused, owners: { keeper, autoscaler } }) => [
    ...(paused
      ? [
          `The rollout of ${name} is paused: its pods would keep the old writer. Run kubectl rollout resume deployment/${name} -n ${namespace}.`,
        ]
      : []),
    ...(keeper
      ? [
          `${name} is kept by ${keeper}: a changed variable or number of pods will be reverted unless its source says the same.`,
        ]
      : []),
    ...(autoscaler.known
      ? autoscaler.is
        ? [
            `${name} is scaled by ${autoscaler.is.name} (${autoscaler.is.least} to ${autoscaler.is.most}), which stops at 0 replicas.`,
          ]
        : []
      : [`Whether something scales ${name} is unknown: ${autoscaler.why}`]),
  ])
  return doubts.length > 0
    ? warn(doubts.join(' '))
    : pass('Deployments may be patched and scaled, pods listed, and nothing else changes them. No rollout is paused.')
}

/** Whether nothing speaks against moving a writer that works. */
function fitForSwitchover(snapshot: Snapshot | null): Answer {
  if (!snapshot) return block('The state of the cluster is not yet known.')
  const { kind, headline } = snapshot.diagnosis
  if (kind === 'healthy') return pass(headline)
  return kind === 'degraded' ? warn(headline) : block(`${headline} A planned switchover needs a healthy writer.`)
}

function diagnosis(
  world: World,
  ctx: Pick<StepContext<unknown, unknown>, 'mode'>,
  { scenarios, overrideReason, planned }: Needs,
): Answer {
  const snapshot = world.snapshot()
  // A person may know better than the probes: said with a reason, it is recorded and shown to whoever approves.
  const unless = (words: string): Answer =>
    overrideReason ? warn(`${words} Overridden: ${overrideReason}`) : block(words)
  if (planned) return fitForSwitchover(snapshot)
  if (!snapshot)
    return ctx.mode === 'real'
      ? unless('The state of the cluster is not yet known.')
      : warn('The state of the cluster is not yet known.')
  const { kind, certainty, scenario, headline } = snapshot.diagnosis
  const writer = aboutWriter(snapshot.diagnosis)
  if (writer.kind === 'own-partition') return block(`${writer.headline} Run from another place.`)
  if (kind === 'failing-over') return warn(headline)
  if (scenario && scenarios.includes(scenario))
    return certainty === 'confirmed'
      ? pass(headline)
      : warn(`${headline} It is not confirmed yet; the first step waits for that.`)
  if (kind === 'region-outage') return unless(`${headline} That needs another procedure.`)
  if (scenario && kind !== writer.kind)
    return unless(`${headline} A failover does not repair that. Dismiss the finding if it is wrong.`)
  if (scenario) return unless(`${headline} That needs another procedure.`)
  if (ctx.mode !== 'real') return warn(`${headline} This is not the real thing.`)
  return kind === 'unknown' || kind === 'primary-suspected' || kind === 'primary-down' || kind === 'wedged-writer'
    ? warn(headline)
    : unless(`${headline} Nothing calls for this procedure; start a drill to rehearse it.`)
}
