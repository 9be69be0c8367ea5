import type { CandidateView, Diagnosis, NodeView, Snapshot, Vote } from '../../domain/cluster/types'
import type { State } from './state'

/** What a finding looks like: its state, its word, and whether the edge is dashed (suspected) or solid (confirmed). */
export function presentVerdict(d: Pick<Diagnosis, 'kind' | 'certainty'>): {
  state: State
  word: string
  edge: 'none' | 'dashed' | 'solid'
} {
  const edge = d.certainty === 'confirmed' ? 'solid' : d.certainty === 'suspected' ? 'dashed' : 'none'
  const certain = d.certainty === 'none' ? '' : `, ${d.certainty.toUpperCase()}`
  switch (d.kind) {
    case 'healthy':
      return { state: 'ok', word: 'OK', edge: 'none' }
    case 'primary-suspected':
    case 'primary-down':
    case 'wedged-writer':
      return { state: 'problem', word: `PROBLEM${certain}`, edge }
    case 'split-brain':
      return { state: 'problem', word: `TWO WRITERS${certain}`, edge }
    case 'corruption':
      return { state: 'problem', word: `DATA CORRUPTION${certain}`, edge }
    case 'deletion':
      return { state: 'problem', word: `DATA DELETED${certain}`, edge }
    case 'region-outage':
      return { state: 'problem', word: `REGION DOWN${certain}`, edge }
    case 'own-partition':
      return { state: 'unknown', word: 'OUR OWN NETWORK', edge }
    case 'failing-over':
      return { state: 'working', word: 'FAILING OVER', edge }
    case 'degraded':
      return { state: 'lagging', word: 'WARN', edge }
    case 'unknown':
      return { state: 'unknown', word: 'UNKNOWN', edge }
    default:
      return d.kind satisfies never
  }
}

/** A node's state for the screen. Suspected is dead and dashed; what nobody could see is unknown. */
export function presentNode(node: { state: NodeView['state']; stream: { alive: boolean | null } }): {
  state: State
  word: string
  dashed: boolean
} {
  switch (node.state) {
    case 'ok':
      // It answers, but what it holds grows older: not wrong, and not simply fine.
      return { state: 'ok', word: node.stream.alive === false ? 'REACHABLE' : 'OK', dashed: false }
    case 'lagging':
      return { state: 'lagging', word: 'LAGGING', dashed: false }
    case 'suspected':
      return { state: 'dead', word: 'SUSPECTED', dashed: true }
    case 'down':
      return { state: 'dead', word: 'DOWN', dashed: false }
    case 'problem':
      return { state: 'problem', word: 'PROBLEM', dashed: false }
    case 'unknown':
      return { state: 'unknown', word: 'UNKNOWN', dashed: true }
    default:
      return node.state satisfies never
  }
}

/** What was good when last seen is not good now: a figure that is not fresh keeps its word only when that is a warning. */
export function withSight<T extends { state: State; word: string }>(figure: T, sight: 'live' | 'late' | 'blind'): T {
  const reassuring = figure.state === 'ok' || figure.state === 'working' || figure.state === 'skipped'
  if (sight === 'live' || !(reassuring || sight === 'blind')) return figure
  return { ...figure, state: 'unknown', word: 'STALE' }
}

/** The confidence is that the writer or its region is down, or that data is damaged: of anything else it says nothing. */
export const hasConfidence = ({ kind, damage }: Pick<Diagnosis, 'kind' | 'damage'>): boolean =>
  damage !== undefined || kind === 'region-outage' || kind === 'primary-suspected' || kind === 'primary-down'

export function presentVote(vote: Vote, sight: 'live' | 'late' | 'blind'): { state: State; word: string } {
  if (vote.observedAt !== null && sight !== 'live') return { state: 'unknown', word: 'STALE' }
  switch (vote.vote) {
    case 'ok':
      return { state: 'ok', word: 'OK' }
    case 'fail':
      return { state: 'problem', word: 'FAIL' }
    case 'unknown':
      return { state: 'unknown', word: 'NO VOTE' }
    default:
      return vote.vote satisfies never
  }
}

export function presentCandidate(candidate: CandidateView): { state: State; word: string } {
  if (candidate.blocked && candidate.allowed !== 'no') return { state: 'problem', word: 'Blocked' }
  switch (candidate.allowed) {
    case 'allowed':
      return { state: 'ok', word: 'Allowed' }
    case 'late':
      return { state: 'lagging', word: 'Allowed, late' }
    case 'other-region':
      return { state: 'skipped', word: 'Other region' }
    case 'no':
      return candidate.reachable
        ? { state: 'problem', word: 'Not allowed' }
        : { state: 'unknown', word: 'Not reachable' }
    default:
      return candidate.allowed satisfies never
  }
}

/** Confidence of the best candidate's loss figure, the one the panel's head speaks of. */
export function presentConfidence(snapshot: Snapshot): { state: State; word: string } | null {
  const best = snapshot.candidates.find((c) => c.best) ?? snapshot.candidates[0]
  if (!best) return null
  if (!best.loss.known) return { state: 'unknown', word: 'UNKNOWN' }
  switch (best.loss.confidence) {
    case 'high':
      return { state: 'ok', word: 'HIGH' }
    case 'medium':
      return { state: 'lagging', word: 'MEDIUM' }
    case 'low':
      return { state: 'problem', word: 'LOW' }
    default:
      return best.loss.confidence satisfies never
  }
}

const seriesCount = 3

/** Each reader keeps one line colour, by its place among the readers in name order, cross-region last. */
export function seriesOf(nodes: readonly Pick<NodeView, 'id' | 'role'>[]): Record<string, number> {
  const readers = nodes
    .slice()
    .sort((a, b) => Number(a.role === 'cross-region') - Number(b.role === 'cross-region') || a.id.localeCompare(b.id))
  // The writer keeps a colour too: after a failover it is a reader with a history.
  const out: Record<string, number> = {}
  let next = 0
  for (const node of readers.filter((n) => n.role !== 'writer')) out[node.id] = (next++ % seriesCount) + 1
  for (const node of readers.filter((n) => n.role === 'writer')) out[node.id] = (next++ % seriesCount) + 1
  return out
}

/** Place of a value in seconds on the loss scale, 0..1: logarithmic from a tenth of a second to the maximum. */
export function onLossScale(seconds: number, maximumSeconds: number): number {
  const [from, to] = [Math.log10(0.1), Math.log10(maximumSeconds)]
  const at = (Math.log10(Math.max(0.1, seconds)) - from) / (to - from)
  return Math.min(1.04, Math.max(0, at))
}
