import type { ChecklistKey } from '../domain/checklist/items'
import { PortError } from '../ports/port-error'
import { applicationProbes } from './checklist/application'
import { databaseProbes } from './checklist/database'
import { found, type Probe, type ProbeContext, type ProbedIncident, type ProbeResult, words } from './checklist/kit'
import { platformProbes } from './checklist/platform'

export type { ProbeContext, ProbedIncident, ProbeResult } from './checklist/kit'

const probes: Record<ChecklistKey, Probe> = { ...databaseProbes, ...applicationProbes, ...platformProbes }

/** Looks at one item. Never throws: what could not be asked is unknown, a refused database is a failure. */
export async function probeItem(
  key: ChecklistKey,
  context: ProbeContext,
  incident: ProbedIncident,
): Promise<ProbeResult> {
  try {
    return await probes[key](context, incident)
  } catch (error) {
    const says = words(error)
    const database = key === 'connectivity' || key === 'replication'
    const state = database && error instanceof PortError && error.errorClass !== 'auth' ? 'fail' : 'unknown'
    return found(state, state === 'fail' ? says : `It could not be checked: ${says}`, key, says)
  }
}
