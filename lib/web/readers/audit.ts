import 'server-only'
import { ExpectedError } from '../../domain/errors'
import type { AuditQuery, AuditView, RecordCheck } from '../../domain/record/audit'
import { verifyChain } from '../../domain/record/chain'
import { readAudit } from '../../store/audit'
import { storeError } from '../../store/client'
import { readRecord, readRecordHead, recordEndsWhole } from '../../store/record'
import { webStore } from '../store'
import { type Person, rightTo } from './rights'

const perPage = 50

function refuseOthers(me: Person): void {
  const right = rightTo(me, 'manage-settings')
  if (!right.allowed) throw new ExpectedError('not-allowed', `The audit trail is not for everybody. ${right.why}`)
}

/** A page of the audit trail. Throws ExpectedError 'not-allowed', 'store-unavailable'. */
export async function readAuditTrail(me: Person, query: AuditQuery): Promise<AuditView> {
  refuseOthers(me)
  try {
    const [page, endsWhole] = await Promise.all([readAudit(webStore(), query, perPage), recordEndsWhole(webStore())])
    return { ...page, endsWhole }
  } catch (error) {
    throw storeError(error)
  }
}

/** One walk at a time, however many ask for it: each reads the whole record. */
let walking: Promise<RecordCheck> | null = null

/** Walks the whole chain. Throws ExpectedError 'not-allowed', 'store-unavailable'. */
export async function checkRecord(me: Person): Promise<RecordCheck> {
  refuseOthers(me)
  walking ??= walk().finally(() => {
    walking = null
  })
  return walking
}

async function walk(): Promise<RecordCheck> {
  const begun = performance.now()
  try {
    const store = webStore()
    const head = await readRecordHead(store)
    const walked = await verifyChain(readRecord(store, { upTo: head.n }), head)
    const verdict =
      walked.whole && !(await recordEndsWhole(store))
        ? { whole: false as const, at: head.n + 1, why: 'There are entries behind the one that the head names.' }
        : walked
    return { verdict, at: Date.now(), tookMs: Math.round(performance.now() - begun) }
  } catch (error) {
    throw storeError(error)
  }
}
