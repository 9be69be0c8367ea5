import type { CandidateView, ClusterEvent, NodePosition, Snapshot } from '../domain/cluster/types'
import type { FleetInstance } from '../ports/fleet'
import { PortError } from '../ports/port-error'
import { type Standing, standingOf } from '../ports/standing'
import type { World } from './contract'
import type { FixedNode, WriterFacts } from './facts'

/* What several steps look at. Nothing here changes anything. */

/** Reads the guarded database as the API describes it now, whatever its shape. Throws PortError. */
export async function lookAtFleet(world: World, facts: WriterFacts = {}): Promise<Standing> {
  const { clusterId, region } = world.environment.aws
  const snapshot = world.snapshot()
  const known = [...(facts.members ?? []), ...(snapshot?.nodes.map((n) => n.id) ?? [])]
  const promoted = facts.promotedAt === undefined ? null : (facts.target?.id ?? null)
  return standingOf(await world.fleet.guarded(clusterId, known), promoted ?? snapshot?.writerId ?? null, region)
}

/** What RDS describes, or why it could not be read: then it neither proves a failover nor speaks against one. */
export type RdsLook = { read: true; fleet: Standing } | { read: false; why: string }

/** Reads the guarded database for a verification whose other looks go on when RDS cannot be read. */
export async function lookAtRds(world: World, facts: WriterFacts): Promise<RdsLook> {
  try {
    return { read: true, fleet: await lookAtFleet(world, facts) }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { read: false, why: `RDS could not be read: ${error.message}` }
  }
}

export type NodeAnswer = { ok: true; position: NodePosition } | { ok: false; refused: boolean; why: string }

/** Q1 of one address, or why it does not answer. `refused` is hard evidence that nothing listens there. */
export async function askPosition(world: World, address: { host: string; port: number } | null): Promise<NodeAnswer> {
  if (!address) return { ok: false, refused: false, why: 'it has no address' }
  try {
    return { ok: true, position: await world.ask(address, (probe) => probe.position()) }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    const { probe } = error.detail
    return { ok: false, refused: probe === 'refused' || probe === 'reset' || probe === 'closed', why: error.message }
  }
}

/** Commits one heartbeat at an address: null when it did, a sentence when it did not. */
export async function tryWrite(world: World, address: { host: string; port: number }): Promise<string | null> {
  try {
    await world.ask(address, (probe) => probe.heartbeat())
    return null
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return error.message
  }
}

export function fixed(instance: FleetInstance, answer: NodeAnswer | null): FixedNode {
  const position = answer?.ok ? answer.position : null
  const lsn = position ? (position.flushLsn ?? position.haveLsn) : null
  return {
    id: instance.id,
    host: instance.address?.host ?? null,
    port: instance.address?.port ?? null,
    zone: instance.zone,
    instanceClass: instance.instanceClass,
    timeline: position?.timeline ?? null,
    lsn: lsn === null ? null : String(lsn),
    multiAz: instance.multiAz,
    securityGroupIds: instance.securityGroupIds,
  }
}

/** Another member that RDS names the writer, fixed with its names as they are now, so that a person can accept it. */
export async function fixOther(world: World, fleet: Standing): Promise<FixedNode | null> {
  const instance = fleet.instances.find((i) => i.id === fleet.writerId)
  return instance ? fixed(instance, await askPosition(world, instance.address)) : null
}

export const addressOf = (node: { host: string | null; port: number | null }) =>
  node.host && node.port ? { host: node.host, port: node.port } : null

export const candidateIn = (snapshot: Snapshot | null, nodeId: string): CandidateView | null =>
  snapshot?.candidates.find((c) => c.nodeId === nodeId) ?? null

// Of a cluster; and of a lone Multi-AZ instance, whose events name no target because it stays the same instance.
const started = /^(?:Started (?:cross|same) AZ failover to DB instance: (.+)|Multi-AZ instance failover started)/
const completed = /^(?:Completed (?:\w+ initiated )?failover to DB instance: (.+)|Multi-AZ instance failover completed)/
const failed = /^Cluster failover failed|^Promoting previous primary again/

export interface FailoverEvents {
  started: { at: number; target: string } | null
  completed: { at: number; target: string } | null
  failed: { at: number; message: string } | null
  /** Why the list could not be read; then nothing is known of any of these. */
  unread: string | null
}

/**
 * The newest of each failover event since a time; API events carry no id, so they are told by their text. A list that
 * cannot be read is told as that, so that whoever asks goes on with its other looks.
 */
export async function failoverEvents(world: World, since: number, also: string[] = []): Promise<FailoverEvents> {
  const found: FailoverEvents = { started: null, completed: null, failed: null, unread: null }
  let events: ClusterEvent[]
  try {
    events = await world.fleet.events([world.environment.aws.clusterId, ...also], since)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { ...found, unread: error.message }
  }
  for (const event of events) {
    const begun = started.exec(event.message)
    const ended = completed.exec(event.message)
    if (begun) found.started = { at: event.at, target: begun[1] ?? event.source }
    else if (ended) found.completed = { at: event.at, target: ended[1] ?? event.source }
    else if (failed.test(event.message)) found.failed = { at: event.at, message: event.message }
  }
  return found
}
