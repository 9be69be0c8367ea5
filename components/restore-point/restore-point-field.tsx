'use client'

import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { localWithOffset } from '../../lib/domain/local-time'
import { otherDamageIn, pointSuggestion } from '../../lib/domain/restore-point/about'
import type { RestorePointView } from '../../lib/domain/restore-point/marks'
import { readPoint, writePoint } from '../../lib/domain/restore-point/moment'
import {
  choosable,
  estimatedLossMs,
  latestExplained,
  pointCaution,
  pointProblem,
  type RestoreWindow,
} from '../../lib/domain/restore-point/window'
import { durationWords, utcWords } from '../../lib/domain/units'
import { useHydrated } from '../../lib/queries/cluster'
import { restorePointQuery } from '../../lib/queries/restore-point'
import { Segmented } from '../ui/segmented'
import { Axis } from './axis'
import { type Range, rangeFor, type SpanKey, spans, wholeOf } from './axis-scale'
import { MarkList } from './mark-list'
import { TimeInputs } from './time-inputs'

/** The value that stands for the newest point that there is when the restore begins. */
const latest = 'latest'

const pointOf = (value: string, window: RestoreWindow): number | null =>
  value === latest && window.known ? choosable(window).last : readPoint(value)

/** Why this value of a form cannot be restored to; null when it can, or while the window is not read yet. */
export function restorePointProblem(value: string | number, view: RestorePointView | null): string | null {
  const text = String(value)
  if (text !== latest && readPoint(text) === null) return 'Choose a restore point.'
  if (!view) return null
  return pointProblem(pointOf(text, view.window) ?? view.at, { ...view, now: view.at })
}

/** The restore window with its events, and the one point in it that is chosen. Its value is RFC 3339, `latest`, or empty. */
export function RestorePointField({
  id,
  label,
  value,
  children,
  incident,
  invalid,
  describedBy,
  onChange,
}: {
  id: string
  label: string
  value: string
  /** Help and errors of the field. */
  children: ReactNode
  /** The damage that it is about bounds the point. */
  incident: number | null
  invalid: boolean
  describedBy: string
  onChange: (value: string) => void
}) {
  const { data: view, error } = useQuery(restorePointQuery(incident))
  return (
    <fieldset
      id={id}
      // The first thing of the field that the eye and the keyboard are led to when it is wrong.
      tabIndex={-1}
      className="form-field restore-point min-w-0"
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
    >
      <legend>{label}</legend>
      {view ? (
        <Finder label={label} view={view} value={value} onChange={onChange} />
      ) : (
        <p className="min-h-64 text-12 text-text-2" role="status">
          {error ? `The restore window cannot be read: ${error.message}` : 'Reading the restore window.'}
        </p>
      )}
      {children}
    </fieldset>
  )
}

function Finder({
  label,
  view,
  value,
  onChange,
}: {
  label: string
  view: RestorePointView
  value: string
  onChange: (value: string) => void
}) {
  const hydrated = useHydrated()
  const [chosenZone, setZone] = useState<string | null>(null)
  const zone = chosenZone ?? (hydrated ? Intl.DateTimeFormat().resolvedOptions().timeZone : view.zone)
  const [span, setSpan] = useState<SpanKey>(view.damage.firstBadAt === null ? 'all' : '1h')
  const [held, setHeld] = useState<Range | null>(null)
  const { window } = view
  if (!window.known)
    return (
      <p className="text-12 text-state-problem" role="alert">
        The restore window is unknown: {window.why} No restore point can be chosen.
      </p>
    )
  const point = pointOf(value, window)
  const limits = { ...view, now: view.at }
  const { first, last } = choosable(window)
  const range = rangeFor(span, wholeOf(first, Math.max(view.at, last)), point ?? last, held)
  const choose = (at: number) => {
    setHeld(range)
    onChange(writePoint(at))
  }
  const shown = view.marks.filter(({ at, until }) => (until ?? at) >= range.from && at <= range.to)
  const suggested = pointSuggestion(limits, view.about)
  const others = point === null ? [] : otherDamageIn(point, view.others)
  const caution = point === null ? null : pointCaution(point, view.damage)
  const explained = latestExplained(window, view.lastHeartbeatAt, view.at)
  const restorable = point !== null && pointProblem(point, limits) === null
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <span className="text-11 text-text-3">
          Drag the point, or use the arrow keys: 1 s, with Shift 1 min, with Ctrl 1 h.
        </span>
        <span className="grow" />
        <Segmented
          label="Shown part of the window"
          value={span}
          onChange={(next) => {
            setHeld(null)
            setSpan(next)
          }}
          options={spans}
        />
      </div>
      <Axis view={view} window={window} zone={zone} range={range} point={point} label={label} onPoint={choose} />
      <TimeInputs
        point={point}
        zone={zone}
        onZone={setZone}
        onPoint={(at) => onChange(at === null ? '' : writePoint(at))}
      />
      <label className="flex items-center gap-2 text-12">
        <input
          type="checkbox"
          checked={value === latest}
          onChange={(event) => onChange(event.target.checked ? latest : writePoint(last))}
        />
        Use the latest restorable time at the moment of the restore
      </label>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1 text-12">
        <Bound
          title="Earliest"
          at={first}
          zone={zone}
          more={
            window.earliestSaid ? '' : `by the retention of ${window.retentionDays} d: RDS returned no earliest time`
          }
        />
        <Bound title="Latest" at={last} zone={zone} more={`${durationWords(view.at - window.latestAt)} ago`} />
        <dt className="text-text-3">Missing after a cutover</dt>
        <dd>
          {restorable ? (
            <>
              <span className="num">{durationWords(estimatedLossMs(point, view.lastHeartbeatAt, view.at))}</span> of
              writes, unless they are merged back
            </>
          ) : (
            'Unknown: no point that can be restored to is chosen.'
          )}
        </dd>
      </dl>
      {caution && (
        <p className="text-12 text-state-lagging" role="status">
          {caution}
        </p>
      )}
      {others.map((says) => (
        <p key={says} className="text-12 text-state-lagging" role="status">
          {says}
        </p>
      ))}
      {explained && <p className="text-12 text-state-lagging">{explained}</p>}
      <Suggested {...suggested} point={point} zone={zone} onChoose={choose} />
      <MarkList marks={shown} zone={zone} onPoint={choose} />
      {[...(view.leftOut > 0 ? [`${view.leftOut} older events are not shown.`] : []), ...view.notObserved].map(
        (says) => (
          <p key={says} className="text-11 text-text-3">
            {says}
          </p>
        ),
      )}
    </div>
  )
}

/** Which point is suggested and why, whether it is chosen already or not. */
function Suggested({
  at,
  why,
  point,
  zone,
  onChoose,
}: {
  at: number | null
  why: string
  point: number | null
  zone: string
  onChoose: (at: number) => void
}) {
  if (at === null) return <p className="text-12 text-state-problem">No point is suggested. {why}</p>
  return (
    <p className="text-12 text-text-2">
      Suggested: <span className="num">{localWithOffset(at, zone)}</span>
      {at === point ? ', which is chosen. ' : '. '}
      {why}{' '}
      {at !== point && (
        <button type="button" className="btn" data-size="s" onClick={() => onChoose(at)}>
          Use this point
        </button>
      )}
    </p>
  )
}

const Bound = ({ title, at, zone, more }: { title: string; at: number; zone: string; more?: string }) => (
  <>
    <dt className="text-text-3">{title}</dt>
    <dd>
      <span className="num">{localWithOffset(at, zone)}</span>
      <span className="text-text-3">
        {' '}
        · <span className="num">{utcWords(at)}</span>
        {more ? `, ${more}` : ''}
      </span>
    </dd>
  </>
)
