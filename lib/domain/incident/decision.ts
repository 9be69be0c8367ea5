import { nodeWords } from '../cluster/node-key'
import type { CandidateView, ProcedureKey, Scenario } from '../cluster/types'
import { type Objectives, verdictOf } from '../objectives'
import { type CatalogueEntry, firstChoice, type Seen, unfitOn } from '../procedure/catalogue'
import { durationWords } from '../units'
import type { DecisionOption, DecisionSheetView } from './view'

export interface SheetFacts {
  scenario: Scenario
  impactStartedAt: number
  now: number
  procedures: readonly CatalogueEntry[]
  /** The guarded database as it was seen last; null while nobody has looked. */
  seen: Seen | null
  candidates: CandidateView[]
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
  const unfit = unfitOn(p, facts.seen) ?? damaged ?? null
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
      ? (p.unsuited[facts.scenario] ?? `Not suitable for ${facts.scenario}.`)
      : p.slug === null
        ? 'This version cannot run it. Follow the runbook manually.'
        : (unfit ??
          (p.key === recommended
            ? 'The first choice for this scenario.'
            : 'Use it if the first choice is not possible.')),
    estimate: p.estimate,
    estimateBasis: 'runbook',
    doneAfterMs,
    rtoVerdict: verdictOf(doneAfterMs.high, limits(facts.objectives.rto)),
    loss,
    rpoVerdict: verdictOf(loss.highMs, limits(facts.objectives.rpo)),
    approvals: facts.twoPersons ? 'A second person approves the dangerous steps.' : 'One person is enough.',
  }
}

function lossOf(p: CatalogueEntry, facts: SheetFacts): DecisionOption['loss'] {
  const unknown = (says: string) => ({ lowMs: null, highMs: null, says })
  switch (p.loses) {
    case 'point-in-time':
      return unknown('Everything written after the chosen point, unless it is merged back.')
    case 'backup':
      return unknown('Everything written since the latest verified dump.')
    case 'candidate':
    case 'cross-region': {
      const candidate =
        p.loses === 'candidate'
          ? facts.candidates.find(({ best }) => best)
          : facts.candidates.find(({ allowed }) => allowed === 'other-region')
      if (!candidate) return unknown('Unknown: no candidate is known.')
      if (!candidate.loss.known) return unknown(`Unknown: ${candidate.loss.why}`)
      const { atLeast, atMost } = candidate.loss
      return {
        lowMs: atLeast.seconds * 1000,
        highMs: atMost.seconds * 1000,
        says: `${durationWords(atLeast.seconds * 1000)} to ${durationWords(atMost.seconds * 1000)}, ${nodeWords(candidate.nodeId)}`,
      }
    }
  }
}

function nothing(facts: SheetFacts): DecisionOption {
  return {
    key: 'nothing',
    title: 'Do nothing',
    shortTitle: 'Do nothing',
    slug: null,
    fits: 'possible',
    fitsWhy: 'The platform may recover by itself; when is unknown.',
    estimate: null,
    estimateBasis: 'unknown',
    doneAfterMs: null,
    rtoVerdict: 'unknown',
    loss: {
      lowMs: null,
      highMs: null,
      says:
        facts.scenario === 'S2' || facts.scenario === 'S4'
          ? 'The damage remains and may grow.'
          : 'None if the writer returns with its data; otherwise unknown.',
    },
    rpoVerdict: 'unknown',
    approvals: 'None.',
  }
}
