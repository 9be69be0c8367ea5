import 'server-only'
import { type ChainVerdict, type RecordHead, verifyChain } from '../../domain/record/chain'
import { readRecord, readRecordHead, recordEndsWhole } from '../../store/record'
import { webStore } from '../store'

export interface RecordWalk {
  /** The end of the record when the walk began. */
  head: RecordHead
  verdict: ChainVerdict
  at: number
  tookMs: number
}

/** One walk at a time, however many ask for it: each reads the whole record. */
let walking: Promise<RecordWalk> | null = null

/** Walks the whole chain of the record. Throws ExpectedError 'store-unavailable'. */
export function walkRecord(): Promise<RecordWalk> {
  walking ??= walk().finally(() => {
    walking = null
  })
  return walking
}

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
