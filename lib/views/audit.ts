import { ExpectedError } from '../domain/errors'
import type { AuditQuery, AuditView, RecordCheck } from '../domain/record/audit'
import { admit } from '../store/admission'
import { readAudit } from '../store/audit'
import { storeError } from '../store/client'
import { recordEndsWhole } from '../store/record'
import type { ViewContext } from './context'
import { walkRecord } from './record-walk'
import { rightTo } from './rights'

const perPage = 50

function refuseOthers(context: ViewContext): void {
  const right = rightTo(context, 'manage-settings')
  if (!right.allowed) throw new ExpectedError('not-allowed', `Your role cannot read the audit trail. ${right.why}`)
}

/** A page of the audit trail. Throws ExpectedError 'not-allowed', 'store-unavailable'. */
export async function readAuditTrail(context: ViewContext, query: AuditQuery): Promise<AuditView> {
  refuseOthers(context)
  try {
    const [page, endsWhole] = await Promise.all([
      readAudit(context.store, query, perPage),
      recordEndsWhole(context.store),
    ])
    return { ...page, endsWhole }
  } catch (error) {
    throw storeError(error)
  }
}

/** Walks the whole chain. Throws ExpectedError 'not-allowed', 'too-many-attempts', 'store-unavailable'. */
export async function checkRecord(context: ViewContext): Promise<RecordCheck> {
  refuseOthers(context)
  await admit(context.store, 'record-check', context.person.id)
  const { verdict, at, tookMs } = await walkRecord(context)
  return { verdict, at, tookMs }
}
