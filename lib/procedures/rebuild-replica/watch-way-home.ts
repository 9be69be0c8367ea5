import { nodeWords } from '../../domain/cluster/node-key'
import type { Watcher } from '../contract'
import { needed } from '../facts'
import { addressOf, askPosition } from '../looking'
import { lookAtInstance } from '../steps/copy'
import { type RebuildFacts, rebuildFacts } from './facts'
import { closeRebuild, failBackDutyId } from './replica'

/** Has the rebuilt replica become the database that serves? Whoever promoted it does not matter. Nothing is sent. */
export const watchWayHome: Watcher<unknown, RebuildFacts> = {
  stepId: closeRebuild.id,
  title: 'The failback',
  everyMs: 60_000,
  after: { facts: ['replica', 'source'], owes: failBackDutyId, days: 90 },
  facts: rebuildFacts,
  async look(world, { facts }) {
    const replica = needed(facts.replica, 'the replica')
    const [described, answer] = await Promise.all([
      lookAtInstance(world, replica.id),
      askPosition(world, addressOf(replica)),
    ])
    const serves =
      described !== null &&
      described.replicaSourceId === null &&
      answer.ok &&
      !answer.position.standby &&
      !answer.position.readOnly
    return {
      news: ({ obligations = [], source }) =>
        !serves || !obligations.some(({ id, state }) => id === failBackDutyId && state === 'open')
          ? null
          : {
              says: `${replica.id} is a database of its own now and no replica of ${nodeWords(source?.id ?? '')} any more.`,
              facts: {
                obligations: obligations.map((o) => (o.id === failBackDutyId ? { ...o, state: 'met' as const } : o)),
              },
            },
    }
  },
}
