import type { RunRights, RunSummary } from './view'

/** What of a run waits for people, and where it is answered. */
export interface Waiting {
  run: Pick<RunSummary, 'id' | 'state' | 'title'>
  /** The approval itself, or the step that needs a decision. */
  href: string
  /** As the strip says it. */
  word: string
  /** As a button says it. */
  act: string
}

/** Where the open request of a run stands on its page. */
export const approvalAnchor = 'approval'

/** Of the runs under way the one that waits for people: in this incident before elsewhere, for an approval before a decision. */
export const runThatWaits = <R extends Pick<RunSummary, 'state' | 'incidentNumber'>>(
  runs: readonly R[],
  incidentNumber: number | null,
): R | null =>
  runs
    .filter(({ state }) => state === 'waiting' || state === 'needs-person')
    .toSorted(
      (a, b) =>
        Number(b.incidentNumber === incidentNumber) - Number(a.incidentNumber === incidentNumber) ||
        Number(b.state === 'waiting') - Number(a.state === 'waiting'),
    )[0] ?? null

const decides = ['retry', 'skip', 'undo', 'by-hand', 'hand-done', 'answer', 'resume', 'stop'] as const

/** What waits in a run, as this viewer is told; `rights` are null until they are known. */
export function waitingFor(run: Waiting['run'], rights: RunRights | null): Waiting | null {
  switch (run.state) {
    case 'waiting': {
      const mine = rights?.approve.allowed === true
      return {
        run,
        href: `/runs/${run.id}#${approvalAnchor}`,
        word: mine ? 'WAITING for your approval' : 'WAITING for an approver',
        act: mine ? 'Review the approval' : 'Open the approval',
      }
    }
    case 'needs-person': {
      const mine = decides.some((act) => rights?.[act].allowed === true)
      return {
        run,
        href: `/runs/${run.id}`,
        word: mine ? 'WAITING for your decision' : 'WAITING for a decision',
        act: mine ? 'Decide how to continue' : 'Open the run',
      }
    }
    case 'preparing':
    case 'running':
    case 'paused':
    case 'stopped':
    case 'done':
    case 'aborted':
      return null
  }
}
