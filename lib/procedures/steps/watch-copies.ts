import { deletionMet, deletionPrefix } from '../../domain/restore/made-copy'
import { listWords } from '../../domain/units'
import type { Watcher } from '../contract'
import { type ObligationFacts, obligationSchema } from '../facts'
import { lookAtCopy } from './copy'

/**
 * Copies that runs have left, for as long as somebody owes their deletion: who deletes one, and by which means, does not matter.
 * Nothing is sent.
 */
export const watchCopies = (stepId: string): Watcher<unknown, ObligationFacts> => ({
  stepId,
  title: 'Restored copies',
  everyMs: 60_000,
  after: { facts: ['obligations'], owes: deletionPrefix, days: 90 },
  facts: obligationSchema,
  async look(world, ctx) {
    const owed = (ctx.facts.obligations ?? []).flatMap(({ id, state }) =>
      state === 'open' && id.startsWith(deletionPrefix) ? [id.slice(deletionPrefix.length)] : [],
    )
    const gone: string[] = []
    for (const id of owed) if ((await lookAtCopy(world, id)) === null) gone.push(id)
    return {
      news({ obligations }) {
        const settled = gone.reduce((all, id) => deletionMet(all, id) ?? all, obligations)
        return settled === obligations
          ? null
          : {
              says: `${listWords(gone)} ${gone.length === 1 ? 'does' : 'do'} not exist any more.`,
              facts: { obligations: settled },
            }
      },
    }
  },
})
