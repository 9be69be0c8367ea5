import { topologyNames } from '../domain/cluster/topology'
import { ExpectedError } from '../domain/errors'
import { type CatalogueEntry, unfitOn } from '../domain/procedure/catalogue'
import type { ProcedureView } from '../domain/run/view'
import type { AnyProcedure, AnyStep } from '../procedures/contract'
import { catalogue, procedureBySlug, procedures } from '../procedures/index'
import { previewsOf } from '../procedures/previewing'
import type { PastFigures } from '../store/incident-runs'
import { readPreflight } from '../store/preflight'
import type { ViewSource } from './context'
import { pastOf, readCatalogueOf } from './incident-clocks'

function presentProcedure(source: ViewSource, procedure: AnyProcedure, past: PastFigures): ProcedureView {
  const { environment } = source
  const snapshot = source.snapshot()
  const previews = previewsOf(procedure, snapshot, environment)
  return {
    slug: procedure.slug,
    key: procedure.key,
    version: procedure.version,
    title: procedure.title,
    purpose: procedure.purpose,
    chooseWhen: procedure.chooseWhen,
    neverWhen: procedure.neverWhen,
    scenarios: [...procedure.scenarios],
    topologies: procedure.topologies.map((topology) => topologyNames[topology]),
    unfit: unfitOn(procedure, snapshot),
    estimate: procedure.estimate,
    measured: past.whole,
    fields: procedure.fields(snapshot, environment),
    steps: procedure.steps(environment, procedure.imagined(snapshot, environment).inputs).map((step) => ({
      ...stepWords(step),
      measured: past.steps.get(step.id) ?? null,
      command: previews.get(step.id)?.commands.join('\n\n') || null,
      undoCommand: previews.get(step.id)?.undo ?? null,
    })),
  }
}

const stepWords = ({ id, number, title, effect, asks, stage, estimate, why, provedBy, undoneBy }: AnyStep) => ({
  id,
  number,
  title,
  effect,
  asks: asks ?? false,
  stage: stage ?? null,
  estimate,
  why,
  provedBy,
  undoneBy,
})

/** All procedures, each with what past runs took. Throws ExpectedError when the store is away. */
export async function readProcedures(source: ViewSource): Promise<ProcedureView[]> {
  return Promise.all(
    procedures.map(async (procedure) => presentProcedure(source, procedure, await pastOf(source, procedure.slug))),
  )
}

/** One procedure by its address, or null. Throws ExpectedError when the store is away. */
export async function readProcedure(source: ViewSource, slug: string): Promise<ProcedureView | null> {
  const procedure = procedureBySlug(slug)
  return procedure && presentProcedure(source, procedure, await pastOf(source, slug))
}

/** Where the procedure that restores from backups is started; null where this version has none. */
export const backupProcedure = (): { href: string; title: string } | null => {
  const found = procedures.find(({ loses }) => loses === 'backup')
  return found ? { href: `/procedures/${found.slug}`, title: found.title } : null
}

/** All procedures as lists name them, with what each takes here; by the runbook while the store is away. */
export const readCatalogue = (source: ViewSource): Promise<readonly CatalogueEntry[]> =>
  readCatalogueOf(source).catch((error: unknown) => {
    if (error instanceof ExpectedError) return catalogue
    throw error
  })

/** Names and addresses of the procedures, for those who only lead there; asks nobody. */
export const procedureLinks = () => procedures.map(({ slug, key, title }) => ({ slug, key, title }))

/** A look at prerequisites, or null. Throws ExpectedError. */
export const readPreflightView = ({ store, environment }: ViewSource, id: string) =>
  readPreflight(store, environment.name, id)
