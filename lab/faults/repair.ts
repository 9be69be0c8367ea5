import type { Cluster } from '../postgres/cluster'
import type { Member } from '../postgres/member'
import { until } from '../postgres/position'

/** Brings the cluster back to one writer, two readers and a cross-region reader, whatever was broken. */
export async function repairCluster(cluster: Cluster): Promise<void> {
  const { topology } = cluster
  await cluster.idle()
  for (const member of topology.members) {
    member.server.thaw()
    member.link.restore()
    cluster.setAttributes(member.id, { VpcSecurityGroupIds: undefined })
    topology.setClientPath(member, { kind: 'up' })
  }
  await cluster.idle()
  await cluster.followers.leave()
  const { writer } = topology
  if (topology.isStandby(writer) || !(await started(cluster))) {
    for (const member of topology.members) await member.server.stop('immediate')
    await topology.build()
    cluster.setStatus('available')
    return
  }
  writer.status = 'available'
  for (const member of topology.members) if (member !== writer) member.replicates = true
  topology.setWriter(writer)
  const lost: Member[] = []
  for (const member of topology.followers) {
    if (topology.isStandby(member) && (member.running || (await canStart(cluster, member.id)))) continue
    lost.push(member)
  }
  await topology.ensureSlots()
  const following = await Promise.all(
    topology.followers
      .filter((member) => !lost.includes(member))
      .map(async (member) => ((await until(() => topology.follows(member), 6000)) ? null : member)),
  )
  lost.push(...following.filter((member) => member !== null))
  if (lost.length) await topology.cloneAll(lost)
  for (const member of topology.members) member.status = 'available'
  topology.refreshEndpoints()
  cluster.setStatus('available')
}

async function started(cluster: Cluster): Promise<boolean> {
  const { writer } = cluster.topology
  return writer.running || canStart(cluster, writer.id)
}

/** Starts a node over the data it has, and answers whether it runs. */
export async function canStart(cluster: Cluster, id: string): Promise<boolean> {
  const member = cluster.topology.member(id)
  if (!member.server.exists()) return false
  try {
    await cluster.topology.startMember(member)
    return true
  } catch {
    // It will be made anew.
    return false
  }
}
