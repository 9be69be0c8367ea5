import type { HostSetting } from '../cluster/containers'
import type { Gap, SlotFact, Survey } from '../cluster/survey'
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
