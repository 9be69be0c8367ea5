import { hostSettings } from '../../domain/cluster/containers'
import { nodeKey, nodeWords } from '../../domain/cluster/node-key'
import { canonicalJson } from '../../domain/procedure/canonical'
import { PortError } from '../../ports/port-error'
import type { Standing } from '../../ports/standing'
import type { Step, StepContext, Verdict, World } from '../contract'
import {
  type BaselineFacts,
  duty,
  type FenceFacts,
  needed,
  type Obligation,
  type ObligationFacts,
  type PoolerFacts,
  type RecoveryFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { askPosition, lookAtFleet } from '../looking'
import { readOf } from '../previewing'
import { fenceFacts, lookAtOldWriter } from './fence'
import { isPoolerDuty, lookAtReturn, poolerDutyOf, poolerSeen, servedAgain } from './pooler'

type Closed = WriterFacts & BaselineFacts & PoolerFacts & FenceFacts & RecoveryFacts & ObligationFacts

/** What a procedure looks at once more besides: an obligation as it is now, or null when it owes none. */
type OwnLook = (world: World, ctx: StepContext<unknown, Closed>) => Promise<Obligation | null>

/** What remains to be done is written down, so that it is not forgotten. */
export const close = (...ownLooks: OwnLook[]): Step<unknown, Closed> => ({
  id: 'close',
  title: 'Final checks and open items',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 600 },
  why: 'A recovered database without its readers and backups is one fault from the next outage.',
  provedBy:
    'Backups, the cross-region replica, the old writer and the owners of the pods are checked once more. Open items stay with the run until they are closed or accepted with a reason.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 60_000,
  serves: ['backups', 'replication'],
  shows: (_ctx, environment) => [
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
    ...(environment.aws.crossRegionReplicaId
      ? [
          {
            ...readOf(environment, 'DescribeDBInstances', {
              DBInstanceIdentifier: environment.aws.crossRegionReplicaId,
            }),
            region: environment.aws.drRegion,
          },
        ]
      : []),
  ],
  async verify(world, ctx): Promise<Verdict<Closed>> {
    const facts = ctx.facts
    const fleet = await lookAtFleet(world, facts)
    const found = [
      ...backups(fleet),
      ...(await replicaElsewhere(world)),
      ...(await keepers(world, facts)),
      ...oldResource(fleet, facts, world.now()),
    ]
    const old = await lookAtOldWriter(world, ctx, fleet)
    if (old.kind === 'open')
      found.push(duty('fence', `Fence ${needed(facts.writerBefore, 'the old writer').id}`, old.says))
    const own = await Promise.all(ownLooks.map((look) => look(world, ctx)))
    found.push(...own.filter((owed) => owed !== null))
    const fence = fenceFacts(facts, old)
    const owed = fence.obligations ?? facts.obligations ?? []
    const start = await poolersNow(world, ctx, owed)
    const back = owesPoolers(owed) && !owesPoolers(start)
    const obligations = found.reduce((all, each) => withObligation({ obligations: all }, each), start)
    const open = obligations.filter((o) => o.state === 'open')
    return {
      state: 'proved',
      says: open.length === 0 ? 'Nothing remains open.' : `Open: ${open.map((o) => o.title).join('; ')}.`,
      facts: { ...fence, ...(back ? servedAgain(facts, world.now()) : {}), obligations },
    }
  },
})

const owesPoolers = (obligations: Obligation[]) => obligations.some((o) => isPoolerDuty(o.id) && o.state === 'open')

/** A pooler that was down may have come back by now. */
async function poolersNow(world: World, ctx: { facts: WriterFacts }, owed: Obligation[]): Promise<Obligation[]> {
  let obligations = owed
  for (const pooler of world.environment.poolers) {
    if (!obligations.some((o) => o.id === poolerDutyOf(pooler) && o.state === 'open')) continue
    try {
      const { back, says } = await lookAtReturn(world, ctx, pooler)
      obligations = poolerSeen(obligations, pooler, back, says)
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      obligations = poolerSeen(obligations, pooler, false, error.message)
    }
  }
  return obligations
}

const backups = (fleet: Standing): Obligation[] =>
  fleet.backupRetentionDays < 1 ? [duty('backups', 'Turn backups on', 'The database keeps no automated backups.')] : []

/** The replica in the other region is the way out of the next, greater fault. */
async function replicaElsewhere(world: World): Promise<Obligation[]> {
  const { crossRegionReplicaId: id, drRegion, region } = world.environment.aws
  if (!id) return []
  const title = `See ${nodeWords(nodeKey(id, drRegion, region))} follow the new writer`
  try {
    const replica = await world.fleet.instance(id, drRegion)
    const answer = await askPosition(world, replica.address)
    if (!answer.ok) return [duty('dr-replica', title, `It did not respond: ${answer.why}`)]
    if (!answer.position.standby) return [duty('dr-replica', title, 'It is no replica any more.')]
    return answer.position.receiver?.status === 'streaming'
      ? []
      : [duty('dr-replica', title, 'It receives nothing at the end of this run.')]
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return [duty('dr-replica', title, `RDS in ${drRegion} did not tell of it: ${error.message}`)]
  }
}

/** A variable that was changed stays so only while the source of whoever keeps the deployment says the same. */
export async function keepers(world: World, facts: BaselineFacts): Promise<Obligation[]> {
  const { kubernetes } = world.environment
  const { workloads } = world
  if (!kubernetes || !workloads) return []
  const found: Obligation[] = []
  for (const before of facts.workloads ?? [])
    try {
      const now = await workloads.read(kubernetes.namespace, before.deployment)
      const settings = hostSettings(now.containers, kubernetes.hostVariable)
      if (canonicalJson(settings) === canonicalJson(before.containers)) continue
      const { keeper } = await workloads.owners(kubernetes.namespace, before.deployment)
      if (keeper)
        found.push(
          duty(
            `keeper-${before.deployment}`,
            `Write ${kubernetes.hostVariable} of ${before.deployment} into the source of ${keeper}`,
            `${keeper} restores what its source contains, which is still the former host.`,
          ),
        )
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      found.push(duty(`keeper-${before.deployment}`, `Look at ${before.deployment}`, error.message))
    }
  return found
}

const keptDays = 7

/** Without a cluster the platform does nothing with the old writer: it stays, costs, and holds what was lost. */
function oldResource(fleet: Standing, facts: WriterFacts, now: number): Obligation[] {
  const old = needed(facts.writerBefore, 'the old writer')
  if (facts.topology !== 'instance' || !fleet.instances.some((i) => i.id === old.id && i.id !== fleet.writerId))
    return []
  const until = new Date(now + keptDays * 86_400_000).toISOString().slice(0, 10)
  return [
    duty(
      'old-resource',
      `Decide about ${old.id} by ${until}`,
      'Check it for rows that only it has, then rebuild it as a replica or delete it. Nothing is deleted automatically.',
    ),
  ]
}
