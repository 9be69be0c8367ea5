import { notFound } from '../../domain/errors'
import type { Difference } from '../../domain/reconcile/policy'
import { readRun } from '../../store/run'
import { noteRowsTaken } from '../../store/run-decisions'
import { authorise, type CommandContext } from '../context'
import { entry } from './steer'

const kindWords: Record<Difference, string> = {
  source: 'only in the source',
  target: 'only in the target',
  different: 'different in both',
}

/**
 * Notes who takes which rows of a comparison as a file, before any is sent: they are customers' data. Throws ExpectedError
 * 'not-allowed', 'not-found'.
 */
export async function takeRows(
  context: CommandContext,
  { runId, table, kind, format }: { runId: string; table: string; kind: Difference; format: 'csv' | 'json' },
): Promise<void> {
  authorise(context, 'run')
  // A run of another environment does not exist here.
  const run = await readRun(context.store, runId, context.environment.name)
  const text = `${context.person.name} downloaded rows of ${table} (${kindWords[kind]}).`
  const evidence = { table, kind, format }
  const noted = await noteRowsTaken(context.store, context, run.id, {
    ...entry(context, run, 'rows.downloaded', text),
    evidence,
  })
  if (!noted) throw notFound('A comparison of rows')
}
