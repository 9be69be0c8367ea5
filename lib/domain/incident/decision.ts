import { usableBefore } from '../backups/summary'
import type { BackupSummary } from '../backups/types'
import { nodeWords } from '../cluster/node-key'
import type { CandidateView, ProcedureKey, Scenario } from '../cluster/types'
import { type Objectives, verdictOf } from '../objectives'
import { type CatalogueEntry, firstChoice, type Seen, unfitOn } from '../procedure/catalogue'
import { durationWords, utcMinute } from '../units'
import type { DecisionOption, DecisionSheetView } from './view'

export interface SheetFacts {
  scenario: Scenario
  impactStartedAt: number
  now: number
  procedures: readonly CatalogueEntry[]
  /** The guarded database as it was seen last; null while nobody has looked. */
  seen: Seen | null
  candidates: CandidateView[]
  /** The backups in S3 as they were last read; null while that is not known. */
  backups?: Pick<BackupSummary, 'recent'> | null
  /** Since when the data was damaged; null when it is not known to be. */
  damageAt?: number | null
  /** Damage to the data that is found now, whatever the incident's scenario says: a scenario, or null. */
  damage: Scenario | null
  observedAt: number | null
  twoPersons: boolean
  objectives: Objectives
}

/** All procedures side by side, with time against RTO and loss against RPO, and doing nothing. */
export function decisionSheet(facts: SheetFacts): DecisionSheetView {
  const { damage, seen } = facts
  const helps = facts.procedures.filter(({ unsuited }) => damage === null || unsuited[damage] === undefined)
  const first = firstChoice(facts.scenario, helps, seen)?.key ?? null
  const options = facts.procedures.map((p) => optionOf(p, facts, first))
  return { options: [...options, nothing(facts)], observedAt: facts.observedAt, candidates: facts.candidates }
}

function optionOf(p: CatalogueEntry, facts: SheetFacts, recommended: ProcedureKey | null): DecisionOption {
  const fitsScenario = p.scenarios.includes(facts.scenario)
  const damaged = facts.damage === null ? undefined : p.unsuited[facts.damage]
  const unfit = unfitOn(p, facts.seen) ?? damaged ?? (p.loses === 'backup' ? noBackup(facts) : null)
  const elapsed = facts.now - facts.impactStartedAt
  const doneAfterMs = { low: elapsed + p.estimate.lowSeconds * 1000, high: elapsed + p.estimate.highSeconds * 1000 }
  const limits = (o: { targetSeconds: number; maximumSeconds: number }) => ({
    target: o.targetSeconds * 1000,
    maximum: o.maximumSeconds * 1000,
  })
  const loss = lossOf(p, facts)
  return {
    key: p.key,
    title: p.title,
    shortTitle: p.shortTitle,
    slug: p.slug,
    fits: !fitsScenario
      ? 'not-for-this'
      : p.slug === null
        ? 'unavailable'
        : unfit !== null
          ? 'unfit'
          : p.key === recommended
            ? 'recommended'
            : 'possible',
    fitsWhy: !fitsScenario
      ? (p.unsuited[facts.scenario] ?? `Not meant for ${facts.scenario}.`)
      : p.slug === null
        ? 'This version of the War Room cannot run it; follow the runbook by hand.'
        : (unfit ??
          (p.key === recommended ? 'The first choice for this scenario.' : 'Possible when the first choice is not.')),
    estimate: p.estimate,
    estimateBasis: 'runbook',
    doneAfterMs,
    rtoVerdict: verdictOf(doneAfterMs.high, limits(facts.objectives.rto)),
    loss,
    rpoVerdict: verdictOf(loss.highMs, limits(facts.objectives.rpo)),
    approvals: facts.twoPersons ? 'A second person approves the dangerous steps.' : 'One person is enough here.',
  }
}

function lossOf(p: CatalogueEntry, facts: SheetFacts): DecisionOption['loss'] {
  const unknown = (says: string) => ({ lowMs: null, highMs: null, says })
  switch (p.loses) {
    case 'point-in-time':
      return unknown('Everything written after the chosen point, except what is brought back by hand.')
    case 'backup':
      return lossOfBackup(facts, unknown)
    case 'candidate':
    case 'cross-region': {
      const candidate =
        p.loses === 'candidate'
          ? facts.candidates.find(({ best }) => best)
          : facts.candidates.find(({ allowed }) => allowed === 'other-region')
      if (!candidate) return unknown('Not known: no candidate is in sight.')
      if (!candidate.loss.known) return unknown(`Not known: ${candidate.loss.why}`)
      const { atLeast, atMost } = candidate.loss
      return {
        lowMs: atLeast.seconds * 1000,
        highMs: atMost.seconds * 1000,
        says: `${durationWords(atLeast.seconds * 1000)} to ${durationWords(atMost.seconds * 1000)}, ${nodeWords(candidate.nodeId)}`,
      }
    }
  }
}

/** Why nothing can be restored from S3 now; null when something can, or while that is not known. */
const noBackup = ({ backups, damageAt = null }: SheetFacts): string | null =>
  backups && !usableBefore(backups.recent, damageAt)
    ? 'No backup in S3 can be used now; the page of the backups has the reasons.'
    : null

/** Of a restore from the newest usable backup before the damage. */
function lossOfBackup(
  { backups, damageAt = null, now }: SheetFacts,
  unknown: (says: string) => DecisionOption['loss'],
): DecisionOption['loss'] {
  if (!backups) return unknown('Everything written since the newest usable backup; the buckets have not been read.')
  const best = usableBefore(backups.recent, damageAt)
  if (!best) return unknown('Not known: no usable backup is in sight.')
  const lossMs = Math.max(0, (damageAt ?? now) - best.takenAt)
  return {
    lowMs: lossMs,
    highMs: lossMs,
    says: `${durationWords(lossMs)}, from the backup of ${utcMinute(best.takenAt)}`,
  }
}

function nothing(facts: SheetFacts): DecisionOption {
  return {
    key: 'nothing',
    title: 'Do nothing',
    shortTitle: 'Do nothing',
    slug: null,
    fits: 'possible',
    fitsWhy: 'The platform may recover by itself; nobody can say when.',
    estimate: null,
    estimateBasis: 'unknown',
    doneAfterMs: null,
    rtoVerdict: 'unknown',
    loss: {
      lowMs: null,
      highMs: null,
      says:
        facts.scenario === 'S2' || facts.scenario === 'S4'
          ? 'The damage stays and may grow.'
          : 'None, if the writer comes back with its data; otherwise not known.',
    },
    rpoVerdict: 'unknown',
    approvals: 'None.',
  }
}
