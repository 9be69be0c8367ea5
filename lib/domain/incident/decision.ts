import { nodeWords } from '../cluster/node-key'
import type { CandidateView, ProcedureKey, Scenario } from '../cluster/types'
import { type Objectives, verdictOf } from '../objectives'
import {
  type CatalogueEntry,
  firstChoice,
  type Loses,
  manualOnly,
  outOfReach,
  type Seen,
  unfitOn,
  type Way,
  wayOf,
} from '../procedure/catalogue'
import type { Check, Estimate } from '../procedure/types'
import type { Forecast } from '../run/remaining'
import { countWord, durationWords, listWords, plural, utcWords } from '../units'
import type { DecisionOption, DecisionSheetView, SheetPrerequisites } from './view'

export interface SheetFacts {
  scenario: Scenario
  impactStartedAt: number
  now: number
  procedures: readonly CatalogueEntry[]
  /** The guarded database as it was seen last; null while nobody has looked. */
  seen: Seen | null
  candidates: CandidateView[]
  /** Damage to the data that is found now, whatever the incident's scenario says. */
  damage: SheetDamage | null
  /** To which moment a restore would go as things are now, ms; null where none is known. */
  restorePointAt: number | null
  /** When the backup that would be restored was taken, ms; null where there is none. */
  backupTakenAt: number | null
  observedAt: number | null
  twoPersons: boolean
  /** The run under way, by the option that it is, with what remains of it; null while none is. */
  running: { option: string; forecast: Forecast } | null
  objectives: Objectives
  /** The latest look at the prerequisites of an option; null when nobody has looked lately. */
  checked(asks: NonNullable<DecisionOption['asks']>): { at: number; checks: Check[] } | null
}

/** Diagnosis of the data, for the sheet. */
export interface SheetDamage {
  scenario: Scenario
  /** Tables that it is limited to; empty where that is not known. */
  tables: string[]
  /** One sentence for each sign. */
  says: string[]
  firstBadAt: number | null
}

const damagedData: readonly Scenario[] = ['S2', 'S4']

/** What is on every sheet, by id: each way of each procedure that a scenario calls for, and doing nothing. */
export const optionNames = (procedures: readonly CatalogueEntry[]): { id: string; title: string }[] => [
  ...waysOut(procedures).map(({ p, way }) => namesOf(p, way)),
  { id: nothingId, title: 'Do nothing' },
]

/** The option that a run is; null for a procedure that is not on the sheet. */
export function optionOfRun(
  run: { procedureId: string; inputs: { readonly [name: string]: unknown } },
  procedures: readonly CatalogueEntry[],
): string | null {
  const entry = procedures.find(({ slug }) => slug === run.procedureId)
  return entry ? namesOf(entry, wayOf(entry, run.inputs)).id : null
}

const nothingId = 'nothing'
const namesOf = (p: CatalogueEntry, way: Way | null) => ({
  id: way ? `${p.key}-${way.id}` : p.key,
  title: way ? `${p.key} ${p.title}: ${way.shortTitle}` : `${p.key} ${p.title}`,
})

/** What no scenario calls for is no way out of an incident. */
const waysOut = (procedures: readonly CatalogueEntry[]): { p: CatalogueEntry; way: Way | null }[] =>
  procedures.flatMap((p) =>
    p.scenarios.length === 0 ? [] : (p.ways ? [...p.ways] : [null]).map((way) => ({ p, way })),
  )

/** All procedures side by side, with time against RTO and loss against RPO, and doing nothing. */
export function decisionSheet(facts: SheetFacts): DecisionSheetView {
  const { damage, seen } = facts
  const helps = facts.procedures.filter(({ unsuited }) => damage === null || unsuited[damage.scenario] === undefined)
  const first = firstChoice(facts.scenario, helps, seen)
  const preferred = first && preferredWay(first, facts)
  const options = waysOut(facts.procedures).map(({ p, way }) =>
    optionOf(p, way, facts, p === first && way === preferred),
  )
  return { options: [...options, nothing(facts)], observedAt: facts.observedAt, candidates: facts.candidates }
}

/** The first way that repairs what was found; null where a procedure has one way only. */
const preferredWay = ({ ways = [] }: CatalogueEntry, { damage }: SheetFacts): Way | null =>
  ways.find(({ repairs }) => repairs === 'all' || (repairs === 'named-tables' && (damage?.tables.length ?? 0) > 0)) ??
  null

function optionOf(p: CatalogueEntry, way: Way | null, facts: SheetFacts, recommended: boolean): DecisionOption {
  const { id } = namesOf(p, way)
  const running = facts.running?.option === id ? facts.running.forecast : null
  const { estimate, basis } = estimateOf(p, way, running)
  const { fits, why } = running
    ? { fits: recommended ? ('recommended' as const) : ('possible' as const), why: 'Its run is under way.' }
    : fitOf(p, way, facts, recommended)
  const helps = fits === 'recommended' || fits === 'possible' || fits === 'unavailable'
  const elapsed = facts.now - facts.impactStartedAt
  const repairs = helps && way?.repairs !== 'no'
  const doneAfterMs =
    repairs && estimate
      ? { low: elapsed + estimate.lowSeconds * 1000, high: elapsed + estimate.highSeconds * 1000 }
      : null
  const limits = (o: { targetSeconds: number; maximumSeconds: number }) => ({
    target: o.targetSeconds * 1000,
    maximum: o.maximumSeconds * 1000,
  })
  const loss = helps ? lossOf(way?.loses ?? p.loses, way, facts) : notRestored(facts)
  const asks =
    p.slug === null
      ? null
      : {
          slug: p.slug,
          inputs: {
            ...way?.inputs,
            ...(way?.tables && facts.damage && { [way.tables]: facts.damage.tables.join(', ') }),
            // Without damage the point would move with the clock.
            ...(way?.point &&
              facts.damage &&
              facts.restorePointAt !== null && { [way.point]: new Date(facts.restorePointAt).toISOString() }),
          },
        }
  return {
    id,
    key: p.key,
    title: way ? `${p.title}: ${way.shortTitle}` : p.title,
    shortTitle: way?.shortTitle ?? p.shortTitle,
    purpose: way?.purpose ?? '',
    slug: p.slug,
    fits,
    fitsWhy: why,
    estimate,
    estimateBasis: basis,
    doneAfterMs,
    rtoVerdict: verdictOf(doneAfterMs?.high ?? null, limits(facts.objectives.rto)),
    loss,
    rpoVerdict: verdictOf(loss.highMs, limits(facts.objectives.rpo)),
    approvals: approvalsOf(helps ? (way?.approvals ?? p.approvals ?? null) : [], facts.twoPersons),
    prerequisites: prerequisitesOf(asks, facts),
    asks,
  }
}

/** What an option takes from now: of one that runs, what remains of its run. */
function estimateOf(
  p: CatalogueEntry,
  way: Way | null,
  running: Forecast | null,
): { estimate: Estimate | null; basis: string } {
  if (running?.known === false) return { estimate: null, basis: running.why }
  if (running) return { estimate: running, basis: running.basis }
  return { estimate: way?.estimate ?? p.estimate, basis: p.estimateBasis ?? 'By the runbook’s estimates.' }
}

function fitOf(
  p: CatalogueEntry,
  way: Way | null,
  facts: SheetFacts,
  recommended: boolean,
): { fits: DecisionOption['fits']; why: string } {
  if (!p.scenarios.includes(facts.scenario))
    return { fits: 'not-for-this', why: p.unsuited[facts.scenario] ?? `Not suitable for ${facts.scenario}.` }
  if (p.slug === null) return { fits: 'unavailable', why: manualOnly }
  const unfit =
    unfitOn(p, facts.seen) ?? outOfReach(p, facts.seen) ?? (facts.damage && p.unsuited[facts.damage.scenario]) ?? null
  if (unfit) return { fits: 'unfit', why: unfit }
  if (recommended)
    return {
      fits: 'recommended',
      why: way?.repairs === 'named-tables' ? damagedOnly(facts) : 'The first choice for this scenario.',
    }
  if (way?.repairs === 'no')
    return { fits: 'possible', why: 'It repairs nothing: it shows what a restore would bring.' }
  return {
    fits: 'possible',
    why:
      way?.repairs === 'named-tables' && !facts.damage?.tables.length
        ? 'Possible when the damage is limited to tables that can be named.'
        : 'Use it if the first choice is not possible.',
  }
}

const damagedOnly = ({ damage }: SheetFacts): string =>
  `The damage is limited to ${listWords(damage?.tables ?? [])}, and the database keeps serving.`

function approvalsOf(asked: readonly string[] | null, twoPersons: boolean): DecisionOption['approvals'] {
  if (asked === null)
    return {
      count: null,
      says: twoPersons ? 'A second person approves the dangerous steps.' : 'One person is enough.',
    }
  if (asked.length === 0) return { count: 0, says: 'None.' }
  const who = twoPersons ? 'by a second person' : 'by one person'
  const times = `${countWord(asked.length)} ${plural(asked.length, 'approval')} ${who}`
  return {
    count: asked.length,
    says: `${times.charAt(0).toUpperCase()}${times.slice(1)}: ${listWords(asked.map((a) => a.toLowerCase()))}.`,
  }
}

/** By the checks that a run of this option would begin with. */
function prerequisitesOf(asks: DecisionOption['asks'], facts: SheetFacts): SheetPrerequisites {
  if (!asks) return { state: 'unknown', why: 'No runner can check them: the procedure is manual only.' }
  const looked = facts.checked(asks)
  return looked ? summaryOfChecks(looked) : { state: 'unknown', why: 'Not checked lately.' }
}

/** Checks in the short form of the sheet. */
export function summaryOfChecks({ at, checks }: { at: number; checks: readonly Check[] }): SheetPrerequisites {
  const saying = (result: Check['result']) =>
    checks.filter((one) => one.result === result).map(({ title, message }) => `${title}: ${message}`)
  return {
    state: 'checked',
    at,
    passed: checks.filter(({ result }) => result !== 'block').length,
    of: checks.length,
    warnings: saying('warn'),
    blocks: saying('block'),
  }
}

const unknownLoss = (says: string): DecisionOption['loss'] => ({ lowMs: null, highMs: null, says })
const since = (at: number, now: number, says: string): DecisionOption['loss'] => {
  const lostMs = Math.max(0, now - at)
  return { lowMs: lostMs, highMs: lostMs, says }
}

function lossOf(loses: Loses, way: Way | null, facts: SheetFacts): DecisionOption['loss'] {
  const { restorePointAt, backupTakenAt, now } = facts
  switch (loses) {
    case 'nothing':
      return way?.repairs === 'no'
        ? unknownLoss('Nothing is repaired and nothing is given up.')
        : {
            lowMs: 0,
            highMs: 0,
            says: 'No write is lost: what was written since stays, and the damaged rows come back.',
          }
    case 'point-in-time':
      return restorePointAt === null
        ? unknownLoss('Everything written after the chosen point, unless it is merged back.')
        : since(
            restorePointAt,
            now,
            `Everything written since ${utcWords(restorePointAt)}, growing until the source is frozen.`,
          )
    case 'backup':
      return backupTakenAt === null
        ? unknownLoss('Everything written since the latest verified dump.')
        : since(backupTakenAt, now, `Everything written since the backup of ${utcWords(backupTakenAt)}.`)
    case 'candidate':
    case 'cross-region': {
      const candidate =
        loses === 'candidate'
          ? facts.candidates.find(({ best }) => best)
          : facts.candidates.find(({ allowed }) => allowed === 'other-region')
      if (!candidate) return unknownLoss('Unknown: no candidate is known.')
      if (!candidate.loss.known) return unknownLoss(`Unknown: ${candidate.loss.why}`)
      const { atLeast, atMost } = candidate.loss
      return {
        lowMs: atLeast.seconds * 1000,
        highMs: atMost.seconds * 1000,
        says: `${durationWords(atLeast.seconds * 1000)} to ${durationWords(atMost.seconds * 1000)}, ${nodeWords(candidate.nodeId)}`,
      }
    }
  }
}

/** What an option that does not help leaves as it is. */
const notRestored = ({ damage, scenario }: SheetFacts): DecisionOption['loss'] =>
  damage || damagedData.includes(scenario)
    ? unknownLoss(damage?.says.length ? `Not repaired: ${damage.says.join(' ')}` : 'The damage stays.')
    : unknownLoss('Unknown.')

/** Nobody acts: what is lost already stays lost, and with damaged data each minute makes the recovery dearer. */
function nothing(facts: SheetFacts): DecisionOption {
  const { damage, scenario, now } = facts
  const damaged = damage !== null || damagedData.includes(scenario)
  const begun = damage?.firstBadAt ?? null
  const growing =
    begun === null
      ? 'A later cutover gives up every write since the damage.'
      : `A later cutover gives up every write since ${utcWords(begun)}: ${durationWords(now - begun)} so far, more each minute.`
  return {
    id: nothingId,
    key: nothingId,
    title: 'Do nothing',
    shortTitle: 'Do nothing',
    purpose: damaged
      ? 'The data stays damaged; nothing repairs it by itself.'
      : 'The platform may recover by itself; when is unknown.',
    slug: null,
    fits: 'possible',
    fitsWhy: damaged
      ? 'Nothing repairs damaged data by itself.'
      : 'The platform may recover by itself; when is unknown.',
    estimate: null,
    estimateBasis: 'Unknown.',
    doneAfterMs: null,
    rtoVerdict: 'unknown',
    loss: damaged
      ? unknownLoss(`${damage?.says.length ? damage.says.join(' ') : 'The damage remains and may grow.'} ${growing}`)
      : unknownLoss('None if the writer returns with its data; otherwise unknown.'),
    rpoVerdict: 'unknown',
    approvals: { count: 0, says: 'None: the commander decides.' },
    prerequisites: { state: 'unknown', why: 'None.' },
    asks: null,
  }
}

/** The option that is recommended of a procedure, else its first; undefined when it is not on the sheet. */
export const optionFor = (options: readonly DecisionOption[], key: ProcedureKey | null): DecisionOption | undefined => {
  const own = options.filter((option) => option.key === key)
  return own.find(({ fits }) => fits === 'recommended') ?? own[0]
}
