import { readNodeKey } from './node-key'

/** Is the writer in the other region? */
export const isWriterElsewhere = ({ writerId }: { writerId: string | null }): boolean =>
  writerId !== null && readNodeKey(writerId).elsewhere !== null

/** The application beside the writer: in the other region once the writer is there, where one is watched there. */
export const servingWorkload = <W>(of: { writerId: string | null; workload: W; workloadElsewhere?: W | null }): W =>
  (isWriterElsewhere(of) && of.workloadElsewhere) || of.workload
