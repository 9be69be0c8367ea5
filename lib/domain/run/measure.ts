import type { Verdict } from '../incident/clocks-view'
import { type Objectives, type RunTimes, verdictOf } from '../objectives'

/** What of an incident's clocks a measure is: its times in ms, its loss in seconds, its commits counted. */
type ClockFigure = keyof Pick<RunTimes, 'impactAt' | 'detectedAt' | 'restoredAt' | 'lossSeconds' | 'lostCommits'>

/** One figure that a run measured, as its procedure says. */
export interface Measure {
  /** Under one label several runs of an incident measure the same; the last that knows it is shown. */
  label: string
  /** Null where it could not be measured. */
  value: number | null
  /** A time is in ms since the epoch. */
  unit: 'time' | 'seconds' | 'bytes' | 'count'
  /** The promise that it is compared with; null where there is none. */
  objective: 'rto' | 'rpo' | 'committed-loss' | null
  /** It runs or ends a clock of the incident. */
  clock?: ClockFigure
}

/** A measure of an incident, compared with its promise. */
export interface MeasureView extends Pick<Measure, 'label' | 'value' | 'unit'> {
  verdict: Verdict | null
}

/** What the clocks of an incident take from the measures of one run; null what none of them is. */
export function timesOf(measures: readonly Measure[]): Pick<RunTimes, ClockFigure> {
  const of = (clock: ClockFigure) => measures.find((measure) => measure.clock === clock)?.value ?? null
  return {
    impactAt: of('impactAt'),
    detectedAt: of('detectedAt'),
    restoredAt: of('restoredAt'),
    lossSeconds: of('lossSeconds'),
    lostCommits: of('lostCommits'),
  }
}

function judged({ value, objective }: Measure, objectives: Objectives, impactStartedAt: number): Verdict | null {
  const limits = (o: { targetSeconds: number; maximumSeconds: number }) => ({
    target: o.targetSeconds * 1000,
    maximum: o.maximumSeconds * 1000,
  })
  switch (objective) {
    case null:
      return null
    case 'rto':
      return verdictOf(value === null ? null : Math.max(0, value - impactStartedAt), limits(objectives.rto))
    case 'rpo':
      return verdictOf(value === null ? null : value * 1000, limits(objectives.rpo))
    case 'committed-loss': {
      const allowed = objectives.committedLossTolerance
      return allowed === undefined ? null : verdictOf(value, { target: allowed, maximum: allowed })
    }
  }
}

/** The measures of an incident's runs, oldest run first: of each label the last that is known, compared with its promise. */
export function measuresOf(
  runs: readonly (readonly Measure[])[],
  objectives: Objectives,
  impactStartedAt: number,
): MeasureView[] {
  const last = new Map<string, Measure>()
  for (const measure of runs.flat())
    if (measure.value !== null || !last.has(measure.label)) last.set(measure.label, measure)
  return [...last.values()].map((measure) => ({
    label: measure.label,
    value: measure.value,
    unit: measure.unit,
    verdict: judged(measure, objectives, impactStartedAt),
  }))
}
