import 'server-only'
import { type ChainVerdict, type RecordHead, verifyChain } from '../domain/record/chain'
import { readRecord, readRecordHead, recordEndsWhole } from '../store/record'
import { sharedByTurns } from '../web/by-turns'
import { webStore } from '../web/store'

export interface RecordWalk {
  /** The end of the record when the walk began. */
  head: RecordHead
  verdict: ChainVerdict
  at: number
  tookMs: number
}

const shared = sharedByTurns<RecordWalk>()

/**
 * Walks the whole chain of the record; one walk at a time, however many ask for it, because each reads all of it. Throws
 * ExpectedError 'store-unavailable'.
 */
export const walkRecord = (): Promise<RecordWalk> => shared('record', walk)

async function walk(): Promise<RecordWalk> {
  const begun = performance.now()
  const store = webStore()
  const head = await readRecordHead(store)
  const walked = await verifyChain(readRecord(store, { upTo: head.n }), head)
  const verdict =
    walked.whole && !(await recordEndsWhole(store))
      ? { whole: false as const, at: head.n + 1, why: 'There are entries behind the one that the head names.' }
      : walked
  return { head, verdict, at: Date.now(), tookMs: Math.round(performance.now() - begun) }
}
