import { z } from 'zod'
import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Watcher } from '../contract'
import { needed, obligationSchema, writerSchema } from '../facts'
import { askPosition } from '../looking'
import { lookAtReplica } from './replica'

export const homeReplicaId = 'replica-home'

const schema = z.object({ ...writerSchema.shape, ...obligationSchema.shape }).partial()
type Owing = z.output<typeof schema>

/** Has the promoted database a replica in the home region again, that streams? Whoever made it does not matter. Nothing is sent. */
export const watchReplicaHome: Watcher<unknown, Owing> = {
  stepId: 'close-region',
  title: 'The replica in the home region',
  everyMs: 60_000,
  after: { facts: ['promotedAt', 'target'], owes: homeReplicaId, days: 90 },
  facts: schema,
  async look(world, { facts }) {
    const promoted = needed(facts.target, 'the replica').id
    const { replicaIds } = await lookAtReplica(world, promoted)
    const streaming: string[] = []
    for (const id of replicaIds.filter((key) => readNodeKey(key).elsewhere === null)) {
      const { address } = await lookAtReplica(world, id)
      const answer = await askPosition(world, address)
      if (answer.ok && answer.position.standby && answer.position.receiver?.status === 'streaming') streaming.push(id)
    }
    const [found] = streaming
    return {
      news: ({ obligations = [] }) =>
        found === undefined || !obligations.some(({ id, state }) => id === homeReplicaId && state === 'open')
          ? null
          : {
              says: `${found} streams from ${nodeWords(promoted)} in the home region.`,
              facts: {
                obligations: obligations.map((o) => (o.id === homeReplicaId ? { ...o, state: 'met' as const } : o)),
              },
            },
    }
  },
}
