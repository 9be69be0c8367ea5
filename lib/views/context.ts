import type { EnvironmentConfig } from '../config/environment'
import type { Snapshot } from '../domain/cluster/types'
import type { Role } from '../domain/people/permissions'
import type { AnyStep } from '../procedures/contract'
import { procedureBySlug } from '../procedures/index'
import { stepsWith } from '../procedures/procedure'
import type { Store } from '../store/client'

/** Where facts come from, whoever asks: a page, an API route, an export or a program. */
export interface ViewSource {
  store: Store
  /** The one environment that is read; those of others do not exist here. */
  environment: EnvironmentConfig
  /** The newest snapshot of the cluster, however old; null before the first. */
  snapshot(): Snapshot | null
  installation: Installation
  /** Milliseconds since the epoch. */
  now(): number
}

/** How this installation is set up, as far as screens and exports show it. */
interface Installation {
  /** Its public address. */
  siteUrl: string
  /** The time zone of review meetings. */
  reviewZone: string
  /** What a sender of alerts may prove itself with. */
  alertWebhook: { token: boolean; signature: boolean }
  /** A browser on this machine makes PDFs. */
  printsPdf: boolean
}

/** Who looks. */
export interface Person {
  id: string
  name: string
  role: Role
}

/** What a view is made of when it depends on who looks; rights are decided from `person` inside the view. */
export interface ViewContext extends ViewSource {
  person: Person
}

/** The steps of a run in this environment by their ids; none of a procedure that this version does not know. */
export function stepsOf(
  { environment }: Pick<ViewSource, 'environment'>,
  run: { procedureId: string; inputs?: unknown },
): Map<string, AnyStep> {
  const procedure = procedureBySlug(run.procedureId)
  return new Map(procedure && stepsWith(procedure, environment, run.inputs).map((step) => [step.id, step]))
}
