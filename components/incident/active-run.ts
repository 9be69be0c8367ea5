import type { RunSummary } from '../../lib/domain/incident/view'

/** The run that matters now: one that goes on, else the latest. */
export const activeRun = (runs: RunSummary[]): RunSummary | null =>
  runs.find((run) => run.finishedAt === null) ?? runs[0] ?? null
