import type { ChecklistCount } from '../domain/checklist/count'
import type { Incident } from '../domain/incident/incident'
import { pathOf } from '../domain/incident/path'
import { isDeciding } from '../domain/incident/status'
import type { IncidentView } from '../domain/incident/view'
import { firstChoice, recovers } from '../domain/procedure/catalogue'
import type { Run } from '../domain/run/run'
import { runIsOver } from '../domain/run/states'
import { catalogue } from '../procedures/index'
import type { ViewSource } from './context'
import { presentPicture } from './detection'
import { timesOfRun } from './measures'

/** What runs say for the recommended path. */
function runFact(runs: Run[], asks: boolean): Parameters<typeof pathOf>[0]['run'] {
  const last = runs.at(-1)
  if (!last) return { state: 'none', title: '' }
  const state = asks
    ? 'asks'
    : last.state === 'needs-person'
      ? 'stuck'
      : last.state === 'done'
        ? 'done'
        : runIsOver(last.state)
          ? 'ended'
          : 'active'
  return { state, title: last.title }
}

/** When the service was restored last: by a proved write, or by the end of a run that recovers; null while it was not. */
export function recoveredAt(runs: readonly Run[]): number | null {
  const times = runs.flatMap((run) => {
    const entry = catalogue.find(({ slug }) => slug === run.procedureId)
    const ended = run.state === 'done' && entry && recovers(entry, run.inputs) ? run.finishedAt : null
    return timesOfRun(run).restoredAt ?? ended ?? []
  })
  return times.length > 0 ? Math.max(...times) : null
}

/** The recommended path of an incident; it leads and never blocks. */
export function pathFor(
  source: Pick<ViewSource, 'snapshot' | 'now'>,
  incident: Incident,
  commander: string | null,
  runs: Run[],
  checklist: ChecklistCount,
): IncidentView['path'] {
  const procedure = firstChoice(incident.scenario, catalogue, presentPicture(source))
  return pathOf({
    status: incident.status,
    commander,
    procedure: procedure ? { key: procedure.key, title: procedure.title } : null,
    run: runFact(runs, runs.at(-1)?.state === 'waiting'),
    deciding: isDeciding(incident, recoveredAt(runs)),
    checklist,
    report: incident.reportState,
  })
}
