import { durationWords, plural } from '../../domain/units'
import type { Step, World } from '../contract'
import { type FailoverFacts, factsOf, learnt, needed, withObligation } from '../facts'
import type { FailoverInputs } from '../failover-inputs'
import { addressOf, askPosition, lookAtFleet, tryWrite } from '../looking'
import { countLost } from '../numbered-commits'
import { readOf, readPositionOf } from '../previewing'

/** P1.8: the readers must stream from the new writer; one that is not back in time becomes an obligation. */
export const readersFollow: Step<FailoverInputs> = {
  id: 'readers-follow',
  number: 'P1.8',
  title: 'See the readers follow',
  effect: 'READ',
  estimate: { lowSeconds: 5, highSeconds: 120 },
  why: 'Without a reader on the new timeline the next fault has nowhere to go.',
  provedBy:
    'Every reader streams from the new writer on its timeline; whichever does not in time is written down as open.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 180_000,
  shows: (ctx, environment) => [
    readPositionOf(environment, factsOf(ctx.facts).target ?? null, [
      'SELECT application_name, client_addr, state, sync_state, replay_lag FROM pg_stat_replication',
      'SELECT slot_name, slot_type, active FROM pg_replication_slots',
    ]),
  ],
  async verify(world, ctx, elapsedMs) {
    const facts = factsOf(ctx.facts)
    const target = needed(facts.target, 'the target')
    const old = needed(facts.writerBefore, 'the old writer')
    const fleet = await lookAtFleet(world)
    const writer = await askPosition(world, addressOf(target))
    if (!writer.ok) return { state: 'not-yet', says: `The new writer does not answer: ${writer.why}` }
    const timeline = writer.position.timeline
    const readers = fleet.instances.filter((i) => i.id !== target.id)
    const answers = await Promise.all(readers.map((r) => askPosition(world, r.address)))
    const late: { id: string; why: string }[] = []
    let follow = 0
    readers.forEach((reader, i) => {
      const answer = answers[i]
      const p = answer?.ok ? answer.position : null
      if (
        p?.standby &&
        p.receiver?.status === 'streaming' &&
        (timeline === null || p.timeline === timeline || p.receiver.timeline === timeline)
      )
        follow += 1
      else
        late.push({
          id: reader.id,
          why: answer?.ok ? 'it does not stream from the new writer' : (answer?.why ?? 'it does not answer'),
        })
    })
    const others = late.filter((l) => l.id !== old.id)
    let learn: FailoverFacts = {}
    for (const l of late)
      learn = {
        obligations: withObligation(
          { ...facts, ...learn },
          {
            id: `reader-${l.id}`,
            title: `Bring ${l.id} back as a reader`,
            why: `At the end of this run ${l.why}.`,
            state: 'open',
          },
        ),
      }
    if (!late.some((l) => l.id === old.id) && facts.obligations?.some((o) => o.id === 'fence-pending'))
      learn = {
        obligations: withObligation(
          { ...facts, ...learn },
          {
            id: 'fence-pending',
            title: `See ${old.id} back as a reader`,
            why: 'It is back and streams from the new writer.',
            state: 'met',
          },
        ),
      }
    const patience = others.length > 0 ? 150_000 : 90_000
    if (late.length > 0 && elapsedMs < patience)
      return {
        state: 'not-yet',
        says: `${follow} of ${readers.length} readers follow. ${late.map((l) => `${l.id}: ${l.why}.`).join(' ')}`,
      }
    return {
      state: 'proved',
      says:
        late.length === 0
          ? `All ${readers.length} readers stream from ${target.id}.`
          : `${follow} of ${readers.length} readers follow; open: ${late.map((l) => l.id).join(', ')}.`,
      facts: learnt(learn),
    }
  },
}

const steadyMs = 30_000

/** P1.9 (C5): writes for half a minute without an error, pods ready, and the loss as measured. */
export const verifyRecovery: Step<FailoverInputs> = {
  id: 'verify-recovery',
  number: 'P1.9',
  title: 'Verify the recovery',
  effect: 'READ',
  estimate: { lowSeconds: 30, highSeconds: 900 },
  why: 'Commands that ended without an error prove nothing; the application’s own path must work, and go on working.',
  provedBy: 'Writes through the cluster endpoint for 30 s without an error, and every pod ready.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 900_000,
  shows: (ctx, environment) => [
    {
      ...readPositionOf(environment, factsOf(ctx.facts).endpoint ?? null),
      statements: [
        'SHOW transaction_read_only',
        'UPDATE dr_heartbeat SET beat = clock_timestamp(), seq = seq + 1 WHERE id = 1 RETURNING beat, seq',
      ],
    },
  ],
  async verify(world, ctx) {
    const facts = factsOf(ctx.facts)
    const endpoint = needed(facts.endpoint, 'the endpoint')
    const now = world.now()
    const error = await tryWrite(world, endpoint)
    if (error)
      return {
        state: 'not-yet',
        says: `A write through the cluster endpoint failed: ${error}`,
        facts: learnt({ writesSince: null, podsSince: null }),
      }
    const unready: string[] = []
    const { kubernetes } = world.environment
    if (kubernetes && world.workloads)
      for (const deployment of kubernetes.deployments) {
        const d = await world.workloads.read(kubernetes.namespace, deployment)
        if (d.ready < d.replicas) unready.push(`${d.ready} of ${d.replicas} pods of ${deployment} are ready`)
      }
    const writesSince = unbrokenSince(world, facts.writesSince ?? now)
    if (unready.length > 0)
      return {
        state: 'not-yet',
        says: `Writes commit; ${unready.join(', ')}.`,
        facts: learnt({ writesSince, podsSince: null, podsMissed: true }),
      }
    // Pods that were ready whenever this step looked became so before it; others when it first saw them all.
    const podsSince = facts.podsMissed ? (facts.podsSince ?? now) : null
    const restoredAt = Math.max(writesSince, facts.resumedAt ?? 0, podsSince ?? 0)
    if ((now - restoredAt) / world.pace < steadyMs)
      return {
        state: 'not-yet',
        says: `Writes commit and all pods are ready; waits for ${durationWords(steadyMs * world.pace)} of that without an error.`,
        facts: learnt({ writesSince, podsSince }),
      }
    const lastAcknowledged = facts.beatBefore?.at ?? facts.impactAt ?? null
    const lossSeconds =
      lastAcknowledged !== null && facts.targetBeat
        ? Math.max(0, (lastAcknowledged - facts.targetBeat.at) / 1000)
        : null
    const counted =
      facts.verdict === 'healthy'
        ? null
        : await countLost(world, facts.acknowledged, addressOf(needed(facts.target, 'the target')))
    const outage = facts.impactAt ? ` The outage lasted ${durationWords(restoredAt - facts.impactAt)}.` : ''
    const loss =
      lossSeconds === null
        ? ' The loss could not be measured.'
        : ` By the heartbeats, ${durationWords(lossSeconds * 1000)} of writes are lost.`
    const commits = counted
      ? ` By the numbers of ${counted.writers} ${plural(counted.writers, 'writer')}, ${counted.lost} acknowledged ${plural(counted.lost, 'commit')} ${counted.lost === 1 ? 'is' : 'are'} lost.`
      : ''
    return {
      state: 'proved',
      says: `Writes commit without an error and all pods are ready.${outage}${loss}${commits}`,
      facts: learnt({ writesSince, restoredAt, lossSeconds, lostCommits: counted?.lost ?? null }),
    }
  },
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

/** P1.10 (C6): what remains to be done is written down, so that it is not forgotten. */
export const close: Step<FailoverInputs> = {
  id: 'close',
  number: 'P1.10',
  title: 'Close with what remains',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 600 },
  why: 'A recovered database without its readers and backups is one fault from the next outage.',
  provedBy: 'Backups, readers and the old writer are looked at once more; whatever is open stands on the run.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 60_000,
  shows: (_ctx, environment) => [
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
  ],
  async verify(world, ctx) {
    const facts = factsOf(ctx.facts)
    const fleet = await lookAtFleet(world)
    let learn: FailoverFacts = {}
    const retention =
      fleet.cluster?.backupRetentionDays ??
      fleet.instances.find((i) => i.id === fleet.writerId)?.backupRetentionDays ??
      0
    if (retention < 1)
      learn = {
        obligations: withObligation(facts, {
          id: 'backups',
          title: 'Turn backups on',
          why: 'The cluster keeps no automated backups.',
          state: 'open',
        }),
      }
    const open = (learn.obligations ?? facts.obligations ?? []).filter((o) => o.state === 'open')
    return {
      state: 'proved',
      says: open.length === 0 ? 'Nothing remains open.' : `Open: ${open.map((o) => o.title).join('; ')}.`,
      facts: learnt(learn),
    }
  },
}
