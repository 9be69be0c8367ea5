import type { PasskeyAssertion } from '../domain/people/passkey'
import type { SecondPersonReason } from '../domain/people/second-person'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import { approvalMs } from '../domain/run/approval-rule'
import type { Approval } from '../domain/run/run'
import type { Store } from './client'
import { ask, query } from './query'
import { type Fence, fenced } from './run-moves'

type Sql = Pick<Store, 'pool'>

/**
 * Requests approval, under the runner's fence; older open requests of the run are withdrawn, but those of the steps `beside`
 * this one.
 */
export async function requestApproval(
  store: Sql,
  fence: Fence,
  runId: string,
  a: Pick<
    Approval,
    'id' | 'stepId' | 'digest' | 'title' | 'shown' | 'bound' | 'covers' | 'typeToConfirm' | 'askedForId'
  > & { beside?: string[] },
  draft: RecordDraft,
): Promise<boolean> {
  const answer = await ask<boolean>(
    store,
    'approval_request',
    {
      ...fenced(fence),
      ...{ run: runId, id: a.id, step: a.stepId, digest: a.digest, title: a.title },
      shown: JSON.stringify(a.shown),
      bound: JSON.stringify(a.bound),
      covers: JSON.stringify(a.covers),
      ...{ type_to_confirm: a.typeToConfirm, asked_for: a.askedForId, beside: a.beside ?? [], valid_ms: approvalMs },
      body: recordBody(draft),
    },
    true,
  )
  return answer === true
}

export interface Decision {
  state: 'approved' | 'refused'
  kind: 'second-person' | 'break-glass'
  reason: string | null
  /** What the person saw: the answer counts only while that is what is asked. */
  digest: string
  /** The passkey's signature over this very decision, where approvals take one. */
  assertion: PasskeyAssertion | null
}

export type DecisionRefusal =
  | 'not-signed-in'
  | 'not-found'
  | 'answered'
  /** What is asked is no longer what the person saw. */
  | 'changed'
  | 'expired'
  | 'not-allowed'
  | 'not-fresh'
  /** The passkey is not one of this person's. */
  | 'foreign-passkey'
  /** The run no longer waits for it. */
  | 'moved'
  | SecondPersonReason

/**
 * Writes a person's answer, once. The store looks at everything itself: the session of this token, the role, the environment of
 * the run, fresh authentication, what was seen, the time, and in a two-person run whether it is a second person. Answers null, or
 * why not.
 */
export async function decideApproval(
  store: Sql,
  as: { token: string; environment: string },
  id: string,
  d: Decision,
  draft: RecordDraft,
): Promise<DecisionRefusal | null> {
  return await ask<DecisionRefusal>(
    store,
    'approval_decide',
    {
      ...{ token: as.token, environment: as.environment, approval: id },
      ...{ state: d.state, kind: d.kind, reason: d.reason, digest: d.digest },
      assertion: d.assertion && JSON.stringify(d.assertion),
      body: recordBody(draft),
    },
    true,
  )
}

/** An approval that no longer fits (`void`) or that nobody gave in time (`expired`). Used ones stay. */
export async function dropApproval(
  store: Sql,
  id: string,
  state: 'void' | 'expired',
  draft: RecordDraft,
): Promise<boolean> {
  const { rowCount } = await query(
    store,
    `WITH a AS (UPDATE approval SET state = $2 WHERE id = $1 AND state IN ('open', 'approved') AND used_at IS NULL RETURNING run_id),
     r AS (UPDATE run SET version = version + 1 FROM a WHERE run.id = a.run_id RETURNING 1)
     SELECT record_append($3) FROM r`,
    [id, state, recordBody(draft)],
  )
  return rowCount === 1
}
