import { type SlotFact, slotsMissing } from '../../domain/cluster/survey'
import { PortError } from '../../ports/port-error'
import type { Step, Verdict, World } from '../contract'
import {
  type BaselineFacts,
  duty,
  needed,
  type Obligation,
  type ObligationFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { addressOf, askPosition, lookAtFleet } from '../looking'
import { readPositionOf } from '../previewing'
import type { Connect } from './connect'

type Followed = WriterFacts & BaselineFacts & ObligationFacts

/** The readers must stream from the new writer; one that is not back in time becomes an obligation. */
export const readersFollow = ({ newAddress }: Connect): Step<unknown, Followed> => ({
  id: 'readers-follow',
  title: 'Check that readers follow',
  effect: 'READ',
  estimate: { lowSeconds: 5, highSeconds: 120 },
  why: 'Without a reader on the new timeline the next fault has nowhere to go.',
  provedBy:
    'Every reader replicates from the new writer, the reader endpoint resolves to a reader, and the earlier slots exist. Whatever is late stays open on the run.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 180_000,
  serves: ['replication'],
  shows: (ctx, environment) => [
    readPositionOf(environment, ctx.facts.target ?? null, [
      'SELECT application_name, client_addr, state, sync_state, replay_lag FROM pg_stat_replication',
      'SELECT slot_name, slot_type, active FROM pg_replication_slots',
    ]),
  ],
  async verify(world, ctx, elapsedMs): Promise<Verdict<Followed>> {
    const facts = ctx.facts
    const target = needed(facts.target, 'the target')
    const old = needed(facts.writerBefore, 'the old writer')
    const fleet = await lookAtFleet(world, facts)
    const writer = await askPosition(world, addressOf(target))
    if (!writer.ok) return { state: 'not-yet', says: `The new writer does not respond: ${writer.why}` }
    const timeline = writer.position.timeline
    const readers = fleet.instances.filter((i) => i.id !== target.id)
    const listed = facts.topology === 'aurora' ? await listedByAurora(world, target) : null
    const answers = await Promise.all(readers.map((r) => askPosition(world, r.address)))
    const late = readers.flatMap((reader, i): { id: string; why: string }[] => {
      const answer = answers[i]
      const p = answer?.ok ? answer.position : null
      // Aurora's readers share the storage: one that answers as a reader follows, if the new writer does not know better.
      const follows =
        p?.standby &&
        (facts.topology === 'aurora'
          ? (listed?.includes(reader.id) ?? true)
          : p.receiver?.status === 'streaming' &&
            (timeline === null || p.timeline === timeline || p.receiver.timeline === timeline))
      const apart = listed
        ? 'the new writer does not list it among its readers'
        : 'it does not stream from the new writer'
      const why = answer?.ok ? apart : (answer?.why ?? 'it does not respond')
      return follows ? [] : [{ id: reader.id, why }]
    })
    const follow = readers.length - late.length
    const astray = await endpointAstray(world, fleet.readerEndpoint)
    // A new writer at an address of its own leaves them with the old one: there is nothing to wait for.
    const others = late.some((l) => l.id !== old.id)
    const patience = newAddress(facts) ? 0 : others ? 150_000 : 90_000
    const rejoins = facts.obligations?.some((o) => o.id === 'rejoin-old-writer' && o.state === 'open')
    const unready = [...late.map((l) => `${l.id}: ${l.why}.`), ...(astray ? [astray] : [])]
    if (unready.length > 0 && elapsedMs < patience)
      return {
        state: 'not-yet',
        says: `${follow} of ${readers.length} readers follow. ${unready.join(' ')}`,
        waitsMs: patience,
      }
    const slots = await slotsGone(world, facts, target)
    const open: Obligation[] = [
      ...late
        .filter((l) => l.id !== old.id || !rejoins)
        .map((l) => ({
          id: `reader-${l.id}`,
          title: `Bring ${l.id} back as a reader`,
          why: `At the end of this run ${l.why}.`,
          state: 'open' as const,
        })),
      ...(astray
        ? [
            {
              id: 'reader-endpoint',
              title: 'Point the reader endpoint to a reader',
              why: astray,
              state: 'open' as const,
            },
          ]
        : []),
      ...slots.duties,
    ]
    const back = !late.some((l) => l.id === old.id) && facts.obligations?.some((o) => o.id === 'fence-pending')
    const met: Obligation[] = back
      ? [
          {
            id: 'fence-pending',
            title: `See ${old.id} back as a reader`,
            why: 'It is back and streams from the new writer.',
            state: 'met',
          },
        ]
      : []
    const obligations = [...open, ...met].reduce(
      (all, duty) => withObligation({ obligations: all }, duty),
      facts.obligations ?? [],
    )
    const words =
      late.length === 0
        ? `All ${readers.length} readers ${facts.topology === 'aurora' ? 'follow' : 'stream from'} ${target.id}.`
        : `${follow} of ${readers.length} readers follow; open: ${late.map((l) => l.id).join(', ')}.`
    return {
      state: 'proved',
      says: `${words} ${astray ?? ''}${astray ? ' ' : ''}${slots.says}`.trim(),
      facts: { obligations },
    }
  },
})

/** The nodes that the new writer of an Aurora cluster knows; null when it does not tell. */
async function listedByAurora(
  world: World,
  target: { host: string | null; port: number | null },
): Promise<string[] | null> {
  try {
    const told = await world.ask(needed(addressOf(target), 'the target’s address'), (probe) => probe.auroraReplicas())
    return told.map((replica) => replica.serverId)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return null
  }
}

/** A sentence when readers' clients are led to the writer, which RDS does while there is no reader. */
async function endpointAstray(world: World, endpoint: { host: string; port: number } | null): Promise<string | null> {
  if (!endpoint) return null
  const answer = await askPosition(world, endpoint)
  if (!answer.ok) return `The reader endpoint does not respond: ${answer.why}`
  return answer.position.standby ? null : 'The reader endpoint resolves to the writer.'
}

/**
 * Slots do not survive a change of the writer. Those of readers are made again by the platform, as their streams show; a logical one
 * has a consumer outside, which stalls or skips until somebody cares for it.
 */
async function slotsGone(
  world: World,
  facts: BaselineFacts,
  target: { id: string; host: string | null; port: number | null },
): Promise<{ duties: Obligation[]; says: string }> {
  const before = facts.baseline?.slots ?? null
  if (before === null)
    return {
      duties: [duty('slots', 'Look for lost replication slots', 'The slots of the old writer are unknown.')],
      says: 'The earlier slots are unknown.',
    }
  const logical = before.filter((slot) => slot.kind === 'logical')
  if (logical.length === 0) return { duties: [], says: 'There was no logical slot to lose.' }
  let missing: SlotFact[]
  try {
    const now = await world.ask(needed(addressOf(target), 'the target’s address'), (probe) => probe.slots())
    const names = now.map(({ name }) => ({
      name,
      kind: 'logical' as const,
      plugin: null,
      active: true,
      walStatus: null,
    }))
    missing = slotsMissing({ slots: logical }, { slots: names })
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return {
      duties: [duty('slots', 'Look for lost replication slots', `They could not be read: ${error.message}`)],
      says: 'The slots could not be read.',
    }
  }
  return {
    duties: missing.map(({ name, plugin }) =>
      duty(
        `slot-${name}`,
        `Make the slot ${name} again`,
        `The new writer does not have it${plugin ? ` (${plugin})` : ''}. Its consumer must take a new snapshot: what came in between is missing there.`,
      ),
    ),
    says:
      missing.length === 0
        ? 'Every logical slot is there.'
        : `Lost ${missing.length === 1 ? 'slot' : 'slots'}: ${missing.map((slot) => slot.name).join(', ')}.`,
  }
}
