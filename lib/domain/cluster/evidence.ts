import type { DamageKind } from './damage'
import type { Diagnosis, DiagnosisKind, Vote } from './types'

/** What is found of the writer and its readers, from moment to moment. */
export type WriterFinding = Exclude<DiagnosisKind, DamageKind | 'region-outage'>

/** What the machine decides from; all of it observed, none of it decided. */
export interface Evidence {
  now: number
  clusterId: string
  writer: { id: string; name: string } | null
  votes: readonly Vote[]
  /** A closed or refused socket of a writer's probe that a second try could not mend, or two missed fast probes. */
  alarm: boolean
  /** Since when the write probe fails without a break; null while it works. */
  writeFailingSince: number | null
  /** The newest failure of the write probe in a word; null while it works. */
  writeError: string | null
  /** Does the writer answer reads at its own address? */
  reads: 'ok' | 'fail' | 'unknown'
  /** Newest moment at which any reader heard from the writer, on our clock. */
  heardAt: number | null
  /** When the collector in the other region last reached the writer, on our clock; null where it did not, or there is none. */
  reachedElsewhereAt: number | null
  /** Nodes that answered, at overlapping times, that they accept writes. */
  writersAnswering: readonly string[]
  /** RDS reports or announced that a failover is under way, since when. */
  failingOverSince: number | null
  /** Readers in trouble, and what with. `late`: by a lag, which has lasted as long as it says. */
  readers: readonly {
    name: string
    trouble: string | null
    streaming: boolean | null
    lagSeconds: number | null
    late?: boolean
  }[]
  streamsLostSince: number | null
  /** Why a failover could not be sent now, since the managed API hangs or fails; null while it answers. */
  apiTrouble: string | null
  /** At least half of the application's pods are not ready; null while more are. */
  podsTrouble: { ready: number; of: number; deployment: string } | null
  /** What is wrong with the poolers while the writer is well, and what to do; null while nothing is. */
  poolerTrouble: { headline: string; detail: string } | null
  /** Does nothing at all answer any more: no node, no RDS API, no other control? */
  blind: boolean
  /** Was anything observed at all? */
  observed: boolean
}

/** What the machine remembers between rounds. */
export interface DiagnosisState {
  kind: WriterFinding
  certainty: Diagnosis['certainty']
  since: number
  /** The writer that the finding is about. */
  writerId: string | null
  /** Since when the quorum holds. */
  quorumSince: number | null
  /** Since when the present finding is disproved. */
  clearSince: number | null
  /** Since when a lesser finding has been visible, by kind. */
  pending: { kind: WriterFinding; since: number } | null
}
