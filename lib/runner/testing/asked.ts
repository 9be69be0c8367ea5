import type { Approval, Run } from '../../domain/run/run'

/** What a person sends who answers a request for approval with yes. */
export const yesTo = (run: Pick<Run, 'id'>, { id, digest, typeToConfirm }: Approval) => ({
  runId: run.id,
  approvalId: id,
  digest,
  typed: typeToConfirm,
})

/** The last open request of a run, or of one of its steps, with what says yes to it. Throws when there is none. */
export function askedIn(run: Run, stepId?: string) {
  const open = run.approvals.findLast((a) => a.state === 'open' && (stepId === undefined || a.stepId === stepId))
  if (!open) throw new Error(`${stepId ?? 'The run'} requests no approval`)
  return { run, open, input: yesTo(run, open) }
}
