import { castmatch } from '../config/castmatch'
import type { ProcedureKey } from '../domain/cluster/types'
import type { Incident } from '../domain/incident/incident'
import { pathOf } from '../domain/incident/path'
import type { IncidentView } from '../domain/incident/view'
import type { Run } from '../domain/run/run'
import { runIsOver } from '../domain/run/states'
import { procedures } from '../procedures/index'

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

/** The recommended path of an incident; it leads and never blocks. */
export function pathFor(
  incident: Incident,
  commander: string | null,
  runs: Run[],
  checklist: { passed: number; of: number },
): IncidentView['path'] {
  const key = fittingOf(incident).find((k) => procedures.some((p) => p.key === k))
  const procedure = procedures.find((p) => p.key === key)
  return pathOf({
    status: incident.status,
    commander,
    procedure: procedure ? { key: procedure.key, title: procedure.title } : null,
    run: runFact(runs, runs.at(-1)?.state === 'waiting'),
    checklist: { passed: checklist.passed, of: checklist.of },
    report: incident.reportState,
  })
}

/** Procedures of the scenario in the customer’s order. */
export const fittingOf = (incident: Incident): ProcedureKey[] =>
  castmatch.scenarios.find(({ key }) => key === incident.scenario)?.procedures ?? []
