import 'server-only'
import { topologyNames, unfitFor } from '../../domain/cluster/topology'
import type { Run } from '../../domain/run/run'
import { stepIsSettled } from '../../domain/run/states'
import type { ProcedureView } from '../../domain/run/view'
import type { AnyProcedure, AnyStep } from '../../procedures/contract'
import { procedureBySlug, procedures } from '../../procedures/index'
import { previewsOf } from '../../procedures/previewing'
import { readPreflight } from '../../store/preflight'
import { listRuns } from '../../store/run'
import { webEnv } from '../env'
import { liveHub } from '../hub'
import { webStore } from '../store'

type Measured = ProcedureView['measured']

/** p50 and p90 (nearest rank) of finished spans, null while there are none. */
function measure(seconds: number[]): Measured {
  const sorted = seconds.toSorted((a, b) => a - b)
  const at = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
  const [p50Seconds, p90Seconds] = [at(0.5), at(0.9)]
  return p50Seconds === undefined || p90Seconds === undefined ? null : { runs: sorted.length, p50Seconds, p90Seconds }
}
const span = (part: { startedAt: number | null; finishedAt: number | null }) =>
  part.startedAt === null || part.finishedAt === null ? [] : [(part.finishedAt - part.startedAt) / 1000]

async function finishedRuns(slug: string): Promise<Run[]> {
  const runs = await listRuns(webStore(), {
    environment: webEnv().environment.name,
    procedureId: slug,
    active: false,
    limit: 100,
  })
  return runs.filter((run) => run.state === 'done' && run.mode !== 'dry-run')
}

function presentProcedure(procedure: AnyProcedure, past: Run[]): ProcedureView {
  const { environment } = webEnv()
  const snapshot = liveHub().snapshot()
  const previews = previewsOf(procedure, snapshot, environment)
  return {
    slug: procedure.slug,
    key: procedure.key,
    version: procedure.version,
    title: procedure.title,
    purpose: procedure.purpose,
    chooseWhen: procedure.chooseWhen,
    neverWhen: procedure.neverWhen,
    scenarios: procedure.scenarios,
    topologies: procedure.topologies.map((topology) => topologyNames[topology]),
    unfit: unfitFor(procedure, snapshot) ?? (snapshot && procedure.unfit?.(snapshot)) ?? null,
    estimate: procedure.estimate,
    measured: measure(past.flatMap(span)),
    fields: procedure.fields(snapshot, environment),
    steps: procedure.steps(environment).map((step) => ({
      ...stepWords(step),
      measured: measure(
        past.flatMap((run) => run.steps.filter((s) => s.stepId === step.id && stepIsSettled(s.state)).flatMap(span)),
      ),
      command: previews.get(step.id)?.commands.join('\n\n') || null,
      undoCommand: previews.get(step.id)?.undo ?? null,
    })),
  }
}

const stepWords = ({ id, number, title, effect, asks, estimate, why, provedBy, undoneBy }: AnyStep) => ({
  id,
  number,
  title,
  effect,
  asks: asks ?? false,
  estimate,
  why,
  provedBy,
  undoneBy,
})

/** All procedures, each with what past runs took. Throws ExpectedError when the store is away. */
export async function readProcedures(): Promise<ProcedureView[]> {
  return Promise.all(
    procedures.map(async (procedure) => presentProcedure(procedure, await finishedRuns(procedure.slug))),
  )
}

/** One procedure by its address, or null. Throws ExpectedError when the store is away. */
export async function readProcedure(slug: string): Promise<ProcedureView | null> {
  const procedure = procedureBySlug(slug)
  return procedure && presentProcedure(procedure, await finishedRuns(slug))
}

/** Names and addresses of the procedures, for those who only lead there; asks nobody. */
export const procedureLinks = () => procedures.map(({ slug, key, title }) => ({ slug, key, title }))

/** A look at prerequisites, or null. Throws ExpectedError. */
export const readPreflightView = (id: string) => readPreflight(webStore(), webEnv().environment.name, id)
