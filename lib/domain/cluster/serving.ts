import { readNodeKey } from './node-key'
import type { Reading, Snapshot, WorkloadView } from './types'

/** Is the writer in the other region? */
export const isWriterElsewhere = ({ writerId }: { writerId: string | null }): boolean =>
  writerId !== null && readNodeKey(writerId).elsewhere !== null

/** The application beside the writer: in the other region once the writer is there, where one is watched there. */
export const servingWorkload = (
  snapshot: Pick<Snapshot, 'writerId' | 'workload' | 'workloadElsewhere'>,
): Reading<WorkloadView> => (isWriterElsewhere(snapshot) && snapshot.workloadElsewhere) || snapshot.workload
