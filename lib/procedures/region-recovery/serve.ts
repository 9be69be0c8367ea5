import { nodeWords } from '../../domain/cluster/node-key'
import { durationWords, plural } from '../../domain/units'
import type { Step, Verdict } from '../contract'
import { duty, needed, withObligation } from '../facts'
import { addressOf } from '../looking'
import { countLost } from '../numbered-commits'
import { readPositionOf } from '../previewing'
import { rebuildOf } from '../rebuild-replica/inputs'
import { fenceFacts, lookAtOldWriter } from '../steps/fence'
import { namesOwed } from '../steps/move-names'
import { steadyWrites } from '../steps/steady-writes'
import type { RegionFacts } from './facts'
import type { RegionInputs } from './inputs'
import { homeReplicaId } from './watch-replica-home'

/** Writes for half a minute without an error, and the loss as measured. */
export const verifyPromoted: Step<RegionInputs, RegionFacts> = {
  id: 'verify-promoted',
  title: 'Verify the promoted database',
  effect: 'READ',
  estimate: { lowSeconds: 30, highSeconds: 300 },
  why: 'A command without an error proves nothing: writes must commit, and keep committing.',
  provedBy: 'Writes at the address of the promoted database succeed for 30 s, at the pace of the environment.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 300_000,
  serves: ['connectivity'],
  shows: (ctx, environment) => [readPositionOf(environment, ctx.facts.target ?? null, ['SHOW transaction_read_only'])],
  async verify(world, ctx): Promise<Verdict<RegionFacts>> {
    const { facts } = ctx
    const address = needed(facts.endpoint, 'the address of the promoted database')
    const writes = await steadyWrites(world, address, facts.writesSince)
    if ('waits' in writes) return writes.waits
    const writesSince = writes.since
    const last = facts.beatBefore?.at ?? facts.impactAt ?? null
    const lossSeconds = last !== null && facts.targetBeat ? Math.max(0, (last - facts.targetBeat.at) / 1000) : null
    const counted = await countLost(world, facts.acknowledged, addressOf(needed(facts.target, 'the replica')))
    const loss =
      lossSeconds === null
        ? 'The loss could not be measured.'
        : `By the heartbeats, ${durationWords(lossSeconds * 1000)} of writes are lost.`
    const commits = counted
      ? ` By the numbers of ${counted.writers} ${plural(counted.writers, 'writer')}, ${counted.lost} acknowledged ${plural(counted.lost, 'commit')} ${counted.lost === 1 ? 'is' : 'are'} lost.`
      : ''
    return {
      state: 'proved',
      says: `${writes.says} ${loss}${commits}`,
      facts: { writesSince, lossSeconds, lostCommits: counted?.lost ?? null },
    }
  },
}

/** What remains to be done is written down, so that it is not forgotten. */
export const closeRegion: Step<RegionInputs, RegionFacts> = {
  id: 'close-region',
  title: 'List what remains in both regions',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The promoted database has no replica, and the home region may return with a writer of its own.',
  provedBy: 'The old writer is checked again. Remaining work is stored with the run until it is done or accepted.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  serves: ['replication', 'dns'],
  async verify(world, ctx): Promise<Verdict<RegionFacts>> {
    const { facts } = ctx
    const target = needed(facts.target, 'the replica')
    const old = needed(facts.writerBefore, 'the old writer')
    const { drRegion, region } = world.environment.aws
    const { host, port } = needed(facts.endpoint, 'the address of the promoted database')
    const name = nodeWords(target.id)
    const state = await lookAtOldWriter(world, ctx)
    const fence = fenceFacts(facts, state)
    const found = [
      ...(facts.application === 'full'
        ? []
        : [duty('application', `Start the application in ${drRegion}`, `Its database is ${host}:${port}.`)]),
      ...namesOwed(world.environment, facts),
      {
        ...duty(
          homeReplicaId,
          `Create a replica of ${name} in ${region}`,
          'Until then the promoted database has no copy in another region, and a return without loss is impossible.',
        ),
        next: { ...rebuildOf(target.id), title: 'Create the replica' },
      },
      duty(
        'configuration',
        `Name ${name} in the environment file`,
        `The War Room still monitors ${world.environment.aws.clusterId}.`,
      ),
      ...(state.kind === 'open' ? [duty('fence', `Fence ${old.id}`, state.says)] : []),
    ]
    const obligations = found.reduce(
      (all, each) => withObligation({ obligations: all }, each),
      fence.obligations ?? facts.obligations ?? [],
    )
    return {
      state: 'proved',
      says: `Open: ${obligations
        .filter((o) => o.state === 'open')
        .map((o) => o.title)
        .join('; ')}.`,
      facts: { ...fence, obligations },
    }
  },
}
