import { podsReadySince } from '../../domain/cluster/pods'
import { durationWords, plural } from '../../domain/units'
import type { Step, Verdict, World } from '../contract'
import { type BaselineFacts, needed, type PoolerFacts, type RecoveryFacts, type WriterFacts } from '../facts'
import { addressOf, tryWrite } from '../looking'
import { countLost } from '../numbered-commits'
import { readPositionOf } from '../previewing'
import { type Connect, type ConnectInputs, endpointWords } from './connect'
import { steadyFor, steadyWords } from './steady-writes'
import { awaitsPooler, ledAstray } from './switch-workloads'

type Recovered = WriterFacts & BaselineFacts & PoolerFacts & RecoveryFacts

/** Writes for half a minute without an error, pods ready, and the loss as measured. */
export const verifyRecovery = (connect: Connect): Step<ConnectInputs, Recovered> => ({
  id: 'verify-recovery',
  title: 'Verify the recovery',
  effect: 'READ',
  estimate: { lowSeconds: 30, highSeconds: 900 },
  why: 'A command without an error proves nothing. The path of the application must work, and keep working.',
  provedBy:
    'Writes through the cluster endpoint succeed for 30 s, at the pace of the environment. Where Kubernetes is configured, every pod is ready, except those behind a pooler that is down.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 900_000,
  serves: ['connectivity', 'app-health'],
  shows: (ctx, environment) => [
    {
      ...readPositionOf(environment, ctx.facts.endpoint ?? null),
      statements: [
        'SHOW transaction_read_only',
        'UPDATE dr_heartbeat SET beat = clock_timestamp(), seq = seq + 1 WHERE id = 1 RETURNING beat, seq',
      ],
    },
  ],
  async verify(world, ctx): Promise<Verdict<Recovered>> {
    const facts = ctx.facts
    const endpoint = needed(facts.endpoint, 'the endpoint')
    const now = world.now()
    const error = await tryWrite(world, endpoint)
    if (error)
      return {
        state: 'not-yet',
        says: `A write through ${endpointWords(facts)} failed: ${error}`,
        facts: { writesSince: null, podsSince: null },
      }
    let readySince = 0
    const unready: string[] = []
    const awaiting: string[] = []
    const { kubernetes } = world.environment
    if (kubernetes && world.workloads)
      for (const deployment of kubernetes.deployments) {
        const d = await world.workloads.read(kubernetes.namespace, deployment)
        const astray = await ledAstray(world, d, ctx, deployment, connect)
        if (astray) return { state: 'failed', says: astray }
        if (d.ready >= d.replicas) {
          readySince = Math.max(readySince, podsReadySince(d.pods) ?? 0)
          continue
        }
        const ready = `${d.ready} of ${d.replicas} pods of ${deployment} are ready`
        const awaited = await awaitsPooler(world, d, ctx)
        if (awaited) awaiting.push(`${ready}. They connect through the pooler. ${awaited}`)
        else unready.push(ready)
      }
    const writesSince = unbrokenSince(world, facts.writesSince ?? now)
    if (unready.length > 0)
      return {
        state: 'not-yet',
        says: `Writes commit; ${unready.join(', ')}.`,
        facts: { writesSince, podsSince: null, podsMissed: true },
      }
    // The application is back with its pods: since when they are ready Kubernetes says, else when this step first saw them all.
    const podsSince = facts.podsMissed ? (facts.podsSince ?? now) : readySince > 0 ? Math.min(readySince, now) : null
    const restoredAt = Math.max(writesSince, facts.resumedAt ?? 0, podsSince ?? 0)
    const withPods = kubernetes && world.workloads && awaiting.length === 0
    const steady = steadyFor(world)
    const proved = withPods ? 'Writes commit and all pods are ready' : 'Writes commit'
    if (now - restoredAt < steady.ms)
      return {
        state: 'not-yet',
        says: `${proved}; waits for ${steady.words} of that without an error.`,
        facts: { writesSince, podsSince },
      }
    const { lossSeconds, lossEstimated } = lossIn(facts)
    const counted =
      facts.verdict === 'healthy' && !facts.acknowledged
        ? null
        : await countLost(world, facts.acknowledged, addressOf(needed(facts.target, 'the target')))
    // The application is not back while its pods wait for the pooler; that is known when the pooler returns.
    const recovered = awaiting.length === 0
    const outage =
      recovered && facts.impactAt ? ` The outage lasted ${durationWords(restoredAt - facts.impactAt)}.` : ''
    const loss =
      lossSeconds === null
        ? ' The loss could not be measured.'
        : lossEstimated
          ? ` At most ${durationWords(lossSeconds * 1000)} of writes are lost, estimated from WAL positions: there is no heartbeat.`
          : ` By the heartbeats, ${durationWords(lossSeconds * 1000)} of writes are lost.`
    const commits = counted
      ? ` By the numbers of ${counted.writers} ${plural(counted.writers, 'writer')}, ${counted.lost} acknowledged ${plural(counted.lost, 'commit')} ${counted.lost === 1 ? 'is' : 'are'} lost.`
      : ''
    return {
      state: 'proved',
      says: `${[steadyWords(now - restoredAt, steady.words), ...(withPods ? ['All pods are ready.'] : awaiting)].join(' ')}${outage}${loss}${commits}`,
      facts: {
        writesSince,
        ...(recovered ? { restoredAt } : {}),
        awaitsPooler: !recovered,
        lossSeconds,
        lossEstimated,
        lostCommits: counted?.lost ?? null,
      },
    }
  },
})

/**
 * What is lost, s: from the last heartbeat that the old writer acknowledged to the last that the target holds. Without heartbeats the
 * most that the positions of the baseline allow (procedures, section 6: fallback by LSN, flagged). Null when neither is known.
 */
export function lossIn(facts: Recovered): { lossSeconds: number | null; lossEstimated: boolean } {
  const last = facts.beatBefore?.at ?? facts.impactAt ?? null
  if (!facts.noHeartbeat && last !== null && facts.targetBeat)
    return { lossSeconds: Math.max(0, (last - facts.targetBeat.at) / 1000), lossEstimated: false }
  const ofTarget = facts.baseline?.losses.find(({ nodeId }) => nodeId === facts.target?.id)
  const most = ofTarget?.atMostSeconds ?? null
  return { lossSeconds: most, lossEstimated: most !== null }
}

/** A picture older than this says nothing about now, ms. */
const pictureMs = 3_000

/**
 * Since when every write through the endpoint was acknowledged: by the collector, which never stopped trying, else by this
 * step's own looks, which began later.
 */
function unbrokenSince(world: World, ownSince: number): number {
  const picture = world.snapshot()
  if (!picture || world.now() - picture.takenAt > pictureMs || picture.writesSince === null) return ownSince
  return picture.writesSince
}
