import { castmatch } from '../config/castmatch'
import { usableBefore } from '../domain/backups/summary'
import type { DamageFinding, DamageRule } from '../domain/cluster/damage'
import type { Snapshot } from '../domain/cluster/types'
import { decisionSheet, optionOfRun, type SheetDamage, type SheetFacts } from '../domain/incident/decision'
import type { DecisionSheetView } from '../domain/incident/view'
import { canonicalJson } from '../domain/procedure/canonical'
import { damageAbout } from '../domain/restore-point/about'
import { withNarrowed } from '../domain/restore-point/narrowed'
import { boundsOfAll, suggestedPoint, windowOf } from '../domain/restore-point/window'
import { asksTwoPersons } from '../domain/run/own-policy'
import type { Run } from '../domain/run/run'
import { runIsOver } from '../domain/run/states'
import { catalogue, procedureBySlug } from '../procedures/index'
import { type LatestPreflight, readLatestPreflights } from '../store/preflight'
import { readNarrowed } from '../store/restore-point'
import type { ViewContext } from './context'
import { presentPicture } from './detection'
import { readCatalogueOf, readForecast } from './incident-clocks'

/** Signs whose subject is a table. */
const ofTable: readonly DamageRule[] = ['table-lost', 'rows-lost', 'delete-rate', 'relation-missing', 'unreadable-page']

/** Diagnosis of the data; tables are named only when every sign is about one. */
function damageOf(picture: Snapshot | null, about: readonly DamageFinding[]): SheetDamage | null {
  const { damage, scenario } = picture?.diagnosis ?? {}
  if (!damage || !scenario) return null
  const signs = about.flatMap((finding) => finding.signs)
  const limited = signs.length > 0 && signs.every(({ rule }) => ofTable.includes(rule))
  return {
    scenario,
    tables: limited ? [...new Set(signs.map(({ subject }) => subject))] : [],
    says: [...new Set(signs.map(({ says }) => says))],
    firstBadAt: boundsOfAll(about).firstBadAt,
  }
}

/** The look at the prerequisites that was made with these very inputs, defaults included. */
const checkedBy =
  (looks: readonly LatestPreflight[]): SheetFacts['checked'] =>
  ({ slug, inputs }) => {
    const procedure = procedureBySlug(slug)
    const read = procedure && (procedure.draft ?? procedure.inputs).safeParse(inputs)
    if (!read?.success) return null
    const wanted = canonicalJson(read.data)
    return looks.find((look) => look.procedureId === slug && canonicalJson(look.inputs) === wanted) ?? null
  }

/** All procedures and doing nothing side by side, as things are now. Throws ExpectedError 'store-unavailable'. */
export async function readDecisionSheet(
  context: ViewContext,
  incident: Pick<SheetFacts, 'scenario' | 'impactStartedAt'>,
  runs: readonly Run[],
): Promise<DecisionSheetView> {
  const { store, environment } = context
  const now = context.now()
  const picture = presentPicture(context)
  const window = windowOf(picture?.backups ?? null)
  const active = runs.findLast(({ state }) => !runIsOver(state))
  const option = active ? optionOfRun(active, catalogue) : null
  const [procedures, forecast, looks, searched] = await Promise.all([
    readCatalogueOf(context),
    active && option !== null ? readForecast(context, active, now) : null,
    readLatestPreflights(store, environment.name),
    window.known ? readNarrowed(store, environment.name, window.earliestAt) : [],
  ])
  const { about } = damageAbout(picture?.diagnosis.damage?.findings ?? [], incident.scenario)
  const damage = withNarrowed(boundsOfAll(about), searched, now)
  return decisionSheet({
    ...incident,
    now,
    procedures,
    seen: picture,
    candidates: picture?.candidates ?? [],
    damage: damageOf(picture, about),
    restorePointAt: suggestedPoint({ window, damage, now }),
    backupTakenAt: usableBefore(picture?.s3Backups.value?.recent ?? [], damage.firstBadAt)?.takenAt ?? null,
    observedAt: picture?.takenAt ?? null,
    running: option !== null && forecast ? { option, forecast } : null,
    twoPersons: asksTwoPersons(environment),
    objectives: castmatch.objectives,
    checked: checkedBy(looks),
  })
}
