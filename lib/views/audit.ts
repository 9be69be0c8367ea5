import 'server-only'
import { ExpectedError } from '../domain/errors'
import type { AuditQuery, AuditView, RecordCheck } from '../domain/record/audit'
import { admit } from '../store/admission'
import { readAudit } from '../store/audit'
import { storeError } from '../store/client'
import { recordEndsWhole } from '../store/record'
import { webStore } from '../web/store'
import { walkRecord } from './record-walk'
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

/** Walks the whole chain. Throws ExpectedError 'not-allowed', 'too-many-attempts', 'store-unavailable'. */
export async function checkRecord(me: Person): Promise<RecordCheck> {
  refuseOthers(me)
  await admit(webStore(), 'record-check', me.id)
  const { verdict, at, tookMs } = await walkRecord()
  return { verdict, at, tookMs }
}
