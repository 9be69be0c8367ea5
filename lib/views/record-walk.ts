import { type ChainVerdict, type RecordHead, verifyChain } from '../domain/record/chain'
import type { Store } from '../store/client'
import { readRecord, readRecordHead, recordEndsWhole } from '../store/record'
import { sharedByTurns } from './by-turns'
import type { ViewSource } from './context'

interface RecordWalk {
  /** The end of the record when the walk began. */
  head: RecordHead
  verdict: ChainVerdict
  at: number
  tookMs: number
}

const walks = new WeakMap<Store, ReturnType<typeof sharedByTurns<RecordWalk>>>()

/**
 * Walks the whole chain of the record; one walk at a time, however many ask for it, because each reads all of it. Throws
 * ExpectedError 'store-unavailable'.
 */
export function walkRecord({ store, now }: Pick<ViewSource, 'store' | 'now'>): Promise<RecordWalk> {
  const shared = walks.get(store) ?? sharedByTurns<RecordWalk>()
  walks.set(store, shared)
  return shared('record', () => walk(store, now))
}

async function walk(store: Store, now: () => number): Promise<RecordWalk> {
  const begun = performance.now()
  const head = await readRecordHead(store)
  const walked = await verifyChain(readRecord(store, { upTo: head.n }), head)
  const verdict =
    walked.whole && !(await recordEndsWhole(store))
      ? { whole: false as const, at: head.n + 1, why: 'The record has entries after its head.' }
      : walked
  return { head, verdict, at: now(), tookMs: Math.round(performance.now() - begun) }
}
