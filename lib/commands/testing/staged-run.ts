import type { Role } from '../../domain/people/permissions'
import type { RecordDraft } from '../../domain/record/chain'
import type { RunState, StepState } from '../../domain/run/states'
import { requestApproval } from '../../store/approval'
import type { NewRun } from '../../store/run'
import type { Fence } from '../../store/run-moves'
import type { StoreByRole, TestDatabase } from '../../store/testing/database'
import { createRun } from '../../store/testing/runs'
import { signedIn } from './signed-in'

/** A run of one step by hand, for tests of single statements of the store. */
export const stagedRun: NewRun = {
  id: 'r',
  procedureId: 'p',
  procedureVersion: 1,
  title: 'P',
  mode: 'drill',
  environment: 'lab',
  environmentKind: 'lab',
  cluster: 'c',
  incidentNumber: null,
  reason: 'why',
  twoPersons: true,
  inputs: {},
  facts: {},
  startedBy: { id: 'anna', name: 'Anna' },
  steps: [{ stepId: 's', title: 'S', effect: 'DANGEROUS', definitionHash: 'h' }],
  resources: ['cluster:c'],
}
export const stagedFence: Fence = { lease: 'collector:lab', holder: 'runner', epoch: 7 }
export const stagedDraft: RecordDraft = {
  kind: 'run.said',
  actor: { kind: 'runner', name: 'runner', epoch: 7 },
  text: 'x',
}

/** What is asked of a second person: a yes to the call of digest `call`, as shown under the digest `shown`. */
export const stagedRequest: Omit<Parameters<typeof requestApproval>[3], 'id'> = {
  stepId: 's',
  digest: 'shown',
  title: 'Yes?',
  shown: { environment: stagedRun.environment, facts: [], loss: null, commands: [] },
  bound: {},
  covers: [{ stepId: 's', digest: 'call' }],
  typeToConfirm: 'c',
  askedForId: null,
}

/** Bo, who may approve unless told, and has just signed in: whose answer to what is asked counts. */
export async function stagedDecider(
  stores: Pick<StoreByRole, 'owner' | 'web'>,
  role: Role = 'approver',
): Promise<{
  as: { token: string; environment: string }
  id: string
  draft: RecordDraft
}> {
  const { person, token } = await signedIn(stores, { login: 'bo', name: 'Bo', role }, { name: 'lab', kind: 'lab' })
  return {
    as: { token, environment: stagedRun.environment },
    id: person.id,
    draft: {
      kind: 'approval.given',
      actor: { kind: 'person', id: person.id, name: 'Bo' },
      text: 'x',
      runId: 'r',
      stepId: 's',
      evidence: { approvalId: 'a' },
    },
  }
}

/** The run in this state, version 1, its step in that one, an open request `a`, and the turn with `stagedFence`. */
export async function stageRun(
  { owner: store, runner, force }: Pick<TestDatabase, 'owner' | 'runner' | 'force'>,
  state: RunState = 'running',
  step: StepState = 'checking',
): Promise<void> {
  await createRun(store, stagedRun, stagedDraft)
  await store.pool.query("INSERT INTO lease (name, holder, epoch, expires_at) VALUES ($1, $2, $3, now() + '1 hour')", [
    stagedFence.lease,
    stagedFence.holder,
    stagedFence.epoch,
  ])
  await requestApproval(runner, stagedFence, 'r', { id: 'a', ...stagedRequest }, stagedDraft)
  await force('UPDATE run_step SET state = $1', [step])
  await force('UPDATE run SET state = $1, version = 1', [state])
}
