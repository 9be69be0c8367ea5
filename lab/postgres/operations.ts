import type { Member } from './member'
import type { Platform } from './platform'
import { withClient } from './sql'

/*
 * What the control plane does to one instance after it has accepted the call and shown a state of its own, in the
 * platform's order and with its events. Each ends with the instance available.
 */

/** A replica becomes a database of its own. */
export async function promote(cluster: Platform, member: Member): Promise<void> {
  const { topology } = cluster
  await cluster.delay(60)
  await withClient(member.behind, topology.login, async (client) => {
    await client.query('SELECT pg_wal_replay_resume()')
    await client.query('SELECT pg_promote(true, 60)')
  })
  if (member.plan.crossRegion) {
    member.replicates = false
    member.source = null
    member.link.point([])
  } else topology.separate(member)
  cluster.setNodeStatus(member, 'rebooting')
  await cluster.delay(30)
  await member.server.stop()
  await topology.startMember(member)
  await cluster.delay(30)
  cluster.setNodeStatus(member, 'available')
  cluster.instanceEvent(member.id, 'Promoted Read Replica instance to a stand-alone database instance.', 'read replica')
  // The first backup of its own history; one that fails is taken in the next round.
  await topology.maintain().catch(() => undefined)
}

export async function reboot(cluster: Platform, member: Member): Promise<void> {
  cluster.instanceEvent(member.id, 'DB instance shutdown', 'availability')
  await member.server.stop()
  await cluster.delay(20)
  await cluster.topology.startMember(member)
  cluster.instanceEvent(member.id, 'DB instance restarted', 'availability')
  cluster.setNodeStatus(member, 'available')
}

/** Block storage is copied in step, so the standby recovers like the crashed server itself: no promotion, no new timeline. */
export async function moveToStandby(cluster: Platform, member: Member): Promise<void> {
  cluster.instanceEvent(member.id, 'Multi-AZ instance failover started.', 'failover')
  if (member.frozen) await member.server.kill()
  else await member.server.stop('immediate', 3000)
  await cluster.delay(30)
  const { zone, attributes } = member
  const other = attributes.SecondaryAvailabilityZone
  const spare = `${member.region}${zone.endsWith('b') ? 'a' : 'b'}`
  cluster.setAttributes(member.id, {
    AvailabilityZone: typeof other === 'string' ? other : spare,
    SecondaryAvailabilityZone: zone,
  })
  await cluster.topology.startMember(member)
  cluster.instanceEvent(member.id, 'DB instance restarted', 'availability')
  cluster.instanceEvent(member.id, 'Multi-AZ instance failover completed', 'failover')
  cluster.setNodeStatus(member, 'available')
}

export async function modify(cluster: Platform, member: Member, changes: Record<string, unknown>): Promise<void> {
  await cluster.delay(60)
  cluster.setAttributes(member.id, changes)
  cluster.instanceEvent(member.id, 'Finished applying modification to the DB instance', 'configuration change')
  cluster.setNodeStatus(member, 'available')
}
