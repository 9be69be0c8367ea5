import type { HostSetting } from '../cluster/containers'
import type { Gap, SlotFact, Survey, TableCount } from '../cluster/survey'
import type { JsonValue } from '../procedure/canonical'

/**
 * What a run wrote down before it changed anything (C1): the report's loss and the checklist's data item compare with it.
 * It stands in the run's facts under `baseline`. Whatever could not be read is named in `gaps` and stays unprovable.
 */
export type Baseline = {
  /** On the runner's clock, ms. */
  takenAt: number
  /** The node whose contents were counted: the writer, or the freshest reader when the writer does not answer. */
  from: { nodeId: string; role: 'writer' | 'reader' } | null
  survey: Survey | null
  /** Of the writer, counted there or as last seen there; null when neither. */
  slots: SlotFact[] | null
  nodes: BaselineNode[]
  losses: BaselineLoss[]
  cluster: BaselineCluster | null
  deployments: { deployment: string; containers: HostSetting[]; replicas: number }[]
  gaps: Gap[]
  /** Tables whose figures are those of a validated copy from before the damage, and which copy that was; absent without any. */
  beforeDamage?: { copy: string; tables: string[] }
}

/**
 * What a validated copy held of damaged tables: of them it is the last good sample before the damage, since the source was counted
 * when it was damaged already, or when they were missing.
 */
export type GoodSample = { copy: string; tables: TableCount[] }

/** The critical tables of which a copy tells more than the damaged source: damaged ones, and those that could not be counted. */
export const sampledTables = (
  critical: readonly string[],
  damaged: readonly string[],
  source: Pick<Survey, 'tables'> | null,
): string[] =>
  critical.filter(
    (table) =>
      damaged.some((one) => one === table || one === `public.${table}` || `public.${one}` === table) ||
      (source !== null && !source.tables.some((one) => one.table === table)),
  )

/** A baseline with the figures from before the damage where they are known. */
export function withGoodSample(baseline: Baseline | null, sample: GoodSample | null): Baseline | null {
  if (!baseline?.survey || !sample || sample.tables.length === 0) return baseline
  const named = sample.tables.map(({ table }) => table)
  const rest = <T>(all: T[], name: (one: T) => string) => all.filter((one) => !named.includes(name(one)))
  return {
    ...baseline,
    gaps: rest(baseline.gaps, ({ what }) => what),
    survey: {
      ...baseline.survey,
      tables: [...rest(baseline.survey.tables, ({ table }) => table), ...sample.tables],
      gaps: rest(baseline.survey.gaps, ({ what }) => what),
    },
    beforeDamage: { copy: sample.copy, tables: named },
  }
}

export type BaselineNode = {
  id: string
  answers: boolean
  standby: boolean | null
  timeline: number | null
  /** WAL position in bytes, as decimal text. */
  lsn: string | null
  why: string | null
}

/** What would have been lost by failing over to each candidate at that moment. */
export type BaselineLoss = {
  nodeId: string
  atLeastSeconds: number | null
  atLeastBytes: number | null
  atMostSeconds: number | null
  atMostBytes: number | null
  /** Why it is not known; null when it is. */
  why: string | null
}

/** The cluster as the API described it. */
export type BaselineCluster = {
  status: string
  engineVersion: string | null
  writerId: string | null
  securityGroupIds: string[]
  backupRetentionDays: number | null
  instances: {
    id: string
    status: string
    zone: string
    instanceClass: string
    promotionTier: number | null
    securityGroupIds: string[]
  }[]
}

/** The baseline of a run, or null when it never got so far. */
export function baselineOf(facts: { [name: string]: JsonValue }): Baseline | null {
  const kept = facts.baseline
  return typeof kept === 'object' && kept !== null && !Array.isArray(kept) && 'takenAt' in kept
    ? (kept as unknown as Baseline)
    : null
}
