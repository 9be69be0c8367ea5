import { actedIn } from '../domain/run/approval-rule'
import { asksTwoPersons } from '../domain/run/own-policy'
import type { Surroundings } from '../procedures/contract'
import type { Store } from '../store/client'
import { refusalFor } from '../store/people-online'
import type { ApprovalProof } from './approval-proof'
import type { EngineSettings } from './run-context'

/**
 * The runner's own look at a person, right before it acts for them: the account and its role as they are now, whether it is a
 * second person for the run, and what proves the approval. Whether two persons are needed is the runner's own policy too.
 */
export const authoriseFrom =
  (
    store: Pick<Store, 'pool'>,
    environment: Pick<Surroundings, 'kind' | 'policy'>,
    proof: ApprovalProof,
  ): EngineSettings['authorise'] =>
  async (person, permission, decided) => {
    if (!decided) return await refusalFor(store, person, permission)
    const { run, approved } = decided
    const alone = approved?.approval.kind === 'break-glass'
    const two = !alone && (run.twoPersons || asksTwoPersons(environment))
    const acted = approved ? actedIn(run, approved.approval) : [run.startedBy.id]
    const besides = two ? acted.map((id) => ({ id, name: run.startedBy.name })) : []
    const refusal = await refusalFor(store, person, permission, besides)
    return refusal ?? (approved && (await proof(run, approved.approval, approved.call)))
  }
