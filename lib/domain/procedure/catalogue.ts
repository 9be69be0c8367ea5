import { isWriterElsewhere } from '../cluster/serving'
import { type Topology, topologyNames } from '../cluster/topology'
import type { Diagnosis, ProcedureKey, Scenario, Snapshot } from '../cluster/types'
import type { Estimate } from './types'

/** How a procedure loses: like the best candidate or the other region, by the time of a backup or a restore point, or not at all. */
export type Loses = 'candidate' | 'cross-region' | 'point-in-time' | 'backup' | 'nothing'

/** One of several ways to run a procedure, as the decision sheet sets them side by side. */
export interface Way {
  id: string
  shortTitle: string
  purpose: string
  /**
   * Inputs that make it this way; the rest has its defaults. `tables`: the input that takes the damaged tables; `point`: the one that
   * takes the moment before the damage.
   */
  inputs: { readonly [name: string]: string | number }
  tables?: string
  point?: string
  estimate: Estimate
  loses: Loses
  /** For what a second person is asked, each a request of its own. */
  approvals: readonly string[]
  /** Afterwards the database serves without the damage: by itself, only when the damage is in named tables, or not. */
  repairs: 'all' | 'named-tables' | 'no'
}

/** A procedure as every list names it: the verdict, the decision sheet, the procedures' own pages. */
export interface CatalogueEntry {
  key: ProcedureKey
  title: string
  /** As a narrow column names it. */
  shortTitle: string
  /** Its page; null when this version cannot run it. */
  slug: string | null
  estimate: Estimate
  /** Where the estimate comes from; left out where it is the runbook's. */
  estimateBasis?: string
  loses: Loses
  /** For which scenarios it is recommended; of several procedures the first in the catalogue's order is the first choice. */
  scenarios: readonly Scenario[]
  /** Why it does not help in these scenarios. */
  unsuited: Partial<Record<Scenario, string>>
  /** The shapes of a database that it runs on; null while this version cannot run it. */
  topologies: readonly Topology[] | null
  /** What has to be there besides. */
  needs: readonly Need[]
  /** It recovers in the other region, and so is of use when the home region is not responding. */
  elsewhere?: true
  /** It is a part of the way home, once the writer is in the other region and the home region is there again. */
  wayHome?: true
  /** For what a second person is asked; left out where its ways say that, or nobody knows. */
  approvals?: readonly string[]
  /** Where there are several ways to run it; the first that repairs what was found is preferred. */
  ways?: readonly Way[]
}

/** A candidate without which a procedure cannot run, and what is said when there is none, by shape where that differs. */
interface Need {
  candidate: 'in-region' | 'elsewhere'
  otherwise: string
  on?: Partial<Record<Topology, string>>
}

/** What of the latest picture tells whether a procedure can run. */
export type Seen = Pick<Snapshot, 'topology' | 'rdsObservedAt' | 'candidates'> & {
  diagnosis?: Pick<Diagnosis, 'kind'>
}

/** Said of a procedure that the runbook has and this version cannot run. */
export const manualOnly = 'This version cannot run it. Follow the runbook manually.'

/** Why a procedure is of no use at this moment, though it could be started: it acts where nothing answers. Null otherwise. */
export const outOfReach = ({ elsewhere }: Pick<CatalogueEntry, 'elsewhere'>, seen: Seen | null): string | null =>
  elsewhere !== true && seen?.diagnosis?.kind === 'region-outage'
    ? 'It acts in the home region, which is not responding.'
    : null

/** Why a procedure cannot be run on this database, in a sentence; null when it can, or while the database was never seen. */
export function unfitOn(
  { title, topologies, needs }: Pick<CatalogueEntry, 'title' | 'topologies' | 'needs'>,
  seen: Seen | null,
): string | null {
  if (!seen || (seen.topology === 'unknown' && seen.rdsObservedAt === null)) return null
  if (seen.topology === 'unknown') return 'RDS reports an unsupported database topology; no procedure can run on it.'
  if (topologies !== null && !topologies.includes(seen.topology))
    return `${title} cannot run on a ${topologyNames[seen.topology]}.`
  if (seen.rdsObservedAt === null) return null
  const missing = needs.find(
    ({ candidate }) =>
      !seen.candidates.some(({ allowed }) => (allowed === 'other-region') === (candidate === 'elsewhere')),
  )
  return missing ? (missing.on?.[seen.topology] ?? missing.otherwise) : null
}

/** The way to run a procedure that these inputs make; null where it has one way only. */
export const wayOf = (
  { ways = [] }: Pick<CatalogueEntry, 'ways'>,
  inputs: { readonly [name: string]: unknown },
): Way | null => ways.find((way) => Object.entries(way.inputs).every(([name, value]) => inputs[name] === value)) ?? null

/** Does a run with these inputs recover something? One that no scenario calls for, or that only looks, does not. */
export const recovers = (
  entry: Pick<CatalogueEntry, 'scenarios' | 'ways'>,
  inputs: { readonly [name: string]: unknown },
): boolean => entry.scenarios.length > 0 && wayOf(entry, inputs)?.repairs !== 'no'

/** The procedures that are meant for a scenario, the first choice first. */
export const fittingFor = (scenario: Scenario, catalogue: readonly CatalogueEntry[]): CatalogueEntry[] =>
  catalogue.filter(({ scenarios }) => scenarios.includes(scenario))

/** The first choice for a scenario that this version can run on what is seen; null when there is none. */
export const firstChoice = (
  scenario: Scenario,
  catalogue: readonly CatalogueEntry[],
  seen: Seen | null,
): CatalogueEntry | null =>
  fittingFor(scenario, catalogue).find(
    (entry) => entry.slug !== null && unfitOn(entry, seen) === null && outOfReach(entry, seen) === null,
  ) ?? null

/**
 * What a finding calls for, with why it cannot be run on what is seen: the first choice that can be run, else the first at all.
 * Null where the finding calls for no procedure, or the catalogue has none for it.
 */
export function recommended(
  { recommend, scenario }: Pick<Diagnosis, 'recommend' | 'scenario'>,
  catalogue: readonly CatalogueEntry[],
  seen: Seen | null,
): { entry: CatalogueEntry; unfit: string | null } | null {
  if (!recommend || scenario === null) return null
  const entry = firstChoice(scenario, catalogue, seen) ?? fittingFor(scenario, catalogue)[0]
  return entry ? { entry, unfit: unfitOn(entry, seen) } : null
}

/** The acts that lead a writer in the other region home, in their order; none while it is at home, or the home region is away. */
export const wayHome = (
  { writerId, diagnosis }: Pick<Snapshot, 'writerId' | 'diagnosis'>,
  catalogue: readonly CatalogueEntry[],
): CatalogueEntry[] =>
  isWriterElsewhere({ writerId }) && diagnosis.kind !== 'region-outage'
    ? catalogue.filter((entry) => entry.wayHome && entry.slug !== null)
    : []
