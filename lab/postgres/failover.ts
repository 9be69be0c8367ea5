import type { Member } from './member'
import type { Platform } from './platform'
import { type Position, readFork, readPosition, until } from './position'
import { withClient } from './sql'

/** The platform's own figures for a failover, seconds. */
const failoverSeconds = 45
const restartSeconds = 30

/**
 * Ends the old writer, promotes another node and lets the rest follow it. The old writer, and whoever has received more
 * than the new one ever had, are made anew as its followers: neither can find the way to the new timeline.
 */
export async function runFailover(cluster: Platform, targetId: string | null, by: string): Promise<void> {
  const { topology } = cluster
  const old = topology.writer
  const begun = Date.now()
  const target = targetId ? topology.member(targetId) : await best(cluster)
  if (!target) {
    fail(cluster, 'no reader can take over')
    return
  }
  const way = target.zone === old.zone ? 'same' : 'cross'
  cluster.recordEvent({
    sourceId: cluster.id,
    sourceType: 'db-cluster',
    message: `Started ${way} AZ failover to DB instance: ${target.id}`,
    categories: ['failover'],
  })
  const position = await answerOf(cluster, target)
  if (!position?.standby) {
    fail(cluster, `DB instance ${target.id} does not respond`)
    return
  }
  if (old.frozen) await old.server.kill()
  else await old.server.stop('immediate', 3000)
  cluster.setNodeStatus(old, 'rebooting')

  await settled(cluster, target)
  const others = topology.followers.filter((member) => member !== target)
  const received = await Promise.all(
    others.map(async (member) => ({ member, have: (await readPosition(member, topology.login))?.have ?? 0n })),
  )
  await withClient(
    target.behind,
    topology.login,
    async (client) => {
      // A node that holds back its replay would wait for ever.
      if (position.paused) await client.query('SELECT pg_wal_replay_resume()')
      await client.query('SELECT pg_promote(true, 60)')
    },
    65_000,
  )
  topology.setWriter(target)
  cluster.changed()
  await topology.ensureSlots()
  const fork = await readFork(target, topology.login)
  const ahead = received.filter(({ have }) => fork !== null && have > fork).map(({ member }) => member)
  for (const member of ahead) cluster.setNodeStatus(member, 'rebooting')
  await cluster.delay(Math.max(0, failoverSeconds - ((Date.now() - begun) / 1000) * cluster.speedup))
  cluster.setStatus('available')
  cluster.recordEvent({
    sourceId: cluster.id,
    sourceType: 'db-cluster',
    message: `Completed ${by}failover to DB instance: ${target.id}`,
    categories: ['failover'],
  })
  await rejoin(cluster, old, ahead)
}

/** A former writer is never started in place: it may hold commits that nobody else has. */
async function rejoin(cluster: Platform, old: Member, ahead: Member[]): Promise<void> {
  const { topology } = cluster
  await cluster.delay(restartSeconds)
  await topology.keepOld(old)
  const anew = [old, ...ahead]
  await topology.cloneAll(anew)
  for (const { id } of anew) cluster.instanceEvent(id, 'DB instance restarted', 'availability')
  cluster.changed()
}

/** Where a node stands; one that runs and is busy is given time to say so. */
async function answerOf(cluster: Platform, member: Member): Promise<Position | null> {
  let position: Position | null = null
  await until(async () => {
    position = await readPosition(member, cluster.topology.login)
    return position !== null || member.server.state !== 'running'
  }, 10_000)
  return position
}

function fail(cluster: Platform, why: string): void {
  cluster.recordEvent({
    sourceId: cluster.id,
    sourceType: 'db-cluster',
    message: `Cluster failover failed, check the status of your source cluster: ${why}`,
    categories: ['failover', 'failure'],
  })
  cluster.setStatus('available')
}

/** The reader that has received most; among equals the lower promotion tier. */
async function best(cluster: Platform): Promise<Member | null> {
  const { topology } = cluster
  const asked = await Promise.all(
    topology.readers
      .filter((member) => member.status === 'available')
      .map(async (member) => ({ member, position: await readPosition(member, topology.login) })),
  )
  const able = asked.filter(
    (entry): entry is { member: Member; position: Position } => entry.position?.standby === true,
  )
  able.sort(
    (a, b) =>
      Number(b.position.have > a.position.have) - Number(b.position.have < a.position.have) ||
      a.member.promotionTier - b.member.promotionTier,
  )
  return able[0]?.member ?? null
}

/** Waits until the last received bytes stand still. */
async function settled(cluster: Platform, target: Member): Promise<void> {
  let last = -1n
  let same = 0
  await until(async () => {
    const have = (await readPosition(target, cluster.topology.login))?.have ?? -1n
    same = have === last ? same + 1 : 0
    last = have
    return same >= 2
  }, 5000)
}
