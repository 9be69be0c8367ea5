import { countSessions, describeSessions, listToEnd, type NodeSessions } from '../../domain/cluster/left-sessions'
import { digestOf } from '../../domain/procedure/canonical'
import { PortError } from '../../ports/port-error'
import type { Observation, Step, Surroundings, Verdict, World } from '../contract'
import {
  type LeftSessionsFacts,
  needed,
  type Obligation,
  type ObligationFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { addressOf } from '../looking'
import { readPositionOf } from '../previewing'

/** A younger session may be one of a client that comes, is refused its writes, and goes; it does not remain. */
const remainsSeconds = 2

type Left = WriterFacts & LeftSessionsFacts & ObligationFacts

type Seen =
  | { looked: true; nodes: NodeSessions[]; silent: string[]; others: string[] }
  /** No role may look. */
  | { looked: false }

/** The application's sessions on every known node but the new writer. One that does not answer has none that matter. */
async function lookForSessions(world: World, facts: Left): Promise<Seen> {
  const target = needed(facts.target, 'the target')
  const old = needed(facts.writerBefore, 'the old writer')
  const members = [
    { id: old.id, at: addressOf(old) },
    ...(world.snapshot()?.nodes ?? [])
      .filter(({ id }) => id !== old.id)
      .map(({ id, address }) => ({ id, at: address })),
  ].filter(({ id }) => id !== target.id)
  const seen: Extract<Seen, { looked: true }> = { looked: true, nodes: [], silent: [], others: [] }
  for (const { id, at } of members) {
    if (!at) continue
    try {
      const sessions = await world.applicationSessions(at, remainsSeconds)
      if (sessions === null) return { looked: false }
      seen.others.push(id)
      if (sessions.length > 0) seen.nodes.push({ id, host: at.host, port: at.port, sessions })
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      seen.silent.push(`${id} does not respond.`)
    }
  }
  return seen
}

const noneWords = ({ silent, others }: Extract<Seen, { looked: true }>) =>
  [others.length > 0 ? `No application session is on ${others.join(', ')}.` : '', ...silent]
    .filter(Boolean)
    .join(' ') || 'There is no other node.'

const lookByHand: Obligation = {
  id: 'left-sessions',
  title: 'Look for application sessions on the old writer',
  why: 'No recovery role is configured, so this run could neither look for them nor end them.',
  state: 'open',
}

const listed = (facts: Left) => facts.leftSessions ?? []

/**
 * Half a minute after the switch, which the step before has waited for, no application session remains on a node that is
 * not the writer. It would read old rows, or wait for writes that are refused.
 */
export const endLeftSessions = (environment: Surroundings): Step<unknown, Left> => ({
  id: 'left-sessions',
  title: 'End application sessions on other nodes',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 1, highSeconds: 600 },
  why: 'A session on the old writer reads old rows and cannot write until it is ended.',
  provedBy: 'The recovery role sees no session of the application’s roles on any node but the writer.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 30_000,
  settleMs: 10_000,
  optional: 'The sessions that are listed stay where they are; their clients read old rows and cannot write.',
  shows: (ctx) => [
    {
      ...readPositionOf(environment, addressOf(needed(ctx.facts.writerBefore, 'the old writer'))),
      statements: [
        `SELECT pid, backend_start, usename, application_name, client_addr FROM pg_stat_activity WHERE usename IN (${environment.database.applicationRoles.map((role) => `'${role.replaceAll("'", "''")}'`).join(', ')})`,
      ],
    },
  ],
  ask(ctx) {
    const nodes = listed(ctx.facts)
    return {
      title: `End ${countSessions(nodes)}`,
      typeToConfirm: environment.name,
      facts: [
        { label: 'Environment', value: environment.name },
        { label: 'Writer', value: ctx.facts.target?.id ?? '' },
        ...describeSessions(nodes).map(({ node, text }) => ({ label: node, value: text })),
      ],
      loss: null,
      covers: ['left-sessions'],
      bound: { sessions: digestOf(nodes) },
    }
  },
  call(ctx) {
    const { recovery, name } = environment.database
    const nodes = listed(ctx.facts)
    if (!recovery || nodes.length === 0) return null
    return {
      kind: 'sessions',
      user: recovery.user,
      database: name,
      nodes: nodes.map(({ id, host, port, sessions }) => ({
        id,
        host,
        port,
        backends: sessions.map(({ pid, startedAt }) => ({ pid, startedAt })),
      })),
    }
  },
  async observe(world, ctx): Promise<Observation<Left>> {
    const facts = ctx.facts
    const seen = await lookForSessions(world, facts)
    if (!seen.looked)
      return {
        state: 'done',
        says: lookByHand.why,
        facts: { leftSessions: [], obligations: withObligation(facts, lookByHand) },
      }
    if (seen.nodes.length === 0) return { state: 'done', says: noneWords(seen), facts: { leftSessions: [] } }
    return {
      state: 'not-started',
      says: `${countSessions(seen.nodes)}. ${seen.silent.join(' ')}`.trim(),
      facts: { leftSessions: listToEnd(listed(facts), seen.nodes) },
    }
  },
  async verify(world, ctx): Promise<Verdict<Left>> {
    const seen = await lookForSessions(world, ctx.facts)
    if (!seen.looked) return { state: 'proved', says: lookByHand.why }
    return seen.nodes.length === 0
      ? { state: 'proved', says: noneWords(seen) }
      : { state: 'not-yet', says: `${countSessions(seen.nodes)} remain. Retry to list them again.` }
  },
})
