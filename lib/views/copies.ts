import type { LeftCopy } from '../domain/incident/view'
import type { Prefilled } from '../domain/procedure/types'
import { type Obligation, obligationsOf } from '../domain/run/obligation'
import type { Run } from '../domain/run/run'
import { runIsOver } from '../domain/run/states'
import { deletionOfCopy } from '../procedures/index'

/** What deletes the copy of an open item; null where it is about none, or its run may still need it. */
export const removalDoneBy = (run: Pick<Run, 'id' | 'state'>, { state, copy }: Obligation): Prefilled | null =>
  copy && state === 'open' && runIsOver(run.state) ? deletionOfCopy(copy, run.id) : null

/** What does an open item: the procedure that it names, or the deletion of its copy. */
export const obligationDoneBy = (run: Pick<Run, 'id' | 'state'>, owed: Obligation): Prefilled | null =>
  owed.next && owed.state === 'open' && runIsOver(run.state)
    ? { slug: owed.next.slug, inputs: owed.next.inputs }
    : removalDoneBy(run, owed)

/** Copies that runs have left and nobody has deleted yet, the oldest first. */
export const copiesOf = (runs: readonly Pick<Run, 'id' | 'state' | 'facts'>[]): LeftCopy[] =>
  runs
    .flatMap((run) =>
      obligationsOf(run.facts).flatMap((owed) =>
        owed.copy && owed.state === 'open'
          ? [{ copy: owed.copy, runId: run.id, doneBy: removalDoneBy(run, owed) }]
          : [],
      ),
    )
    .toSorted((a, b) => a.copy.madeAt - b.copy.madeAt)
