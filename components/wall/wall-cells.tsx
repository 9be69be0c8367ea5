import type { WallSight } from '../../lib/domain/wall/says'
import type { WallLag } from '../../lib/domain/wall/view'
import type { WallAnswer } from '../../lib/queries/wall'
import { seriesOf } from '../../lib/web/present/cluster'
import { dash, formatSeconds, shortNames } from '../../lib/web/present/format'
import type { State } from '../../lib/web/present/state'
import { formatSpan } from '../incident/span'
import { StateWord } from '../ui/state'
import { readersOf } from './readers'
import { lagPath } from './wall-chart'
import type { WallLimits } from './wall-parts'

export interface CellWords {
  state: State
  word?: string | undefined
  figure: string
  unit?: string | undefined
  /** The figure is words. */
  words?: boolean
  says: string
  more?: string | undefined
}

/** One thing that a recovery needs, and how it stands. */
export function Cell({ title, state, word, figure, unit, words, says, more }: CellWords & { title: string }) {
  return (
    <div className="wall-cell">
      <div className="wall-cell-top">
        <span className="k">{title}</span>
        <StateWord state={state} word={word} />
      </div>
      <div className="value">
        <span className="figure" data-words={words || undefined} data-long={figure.length > 6 || undefined}>
          {figure}
        </span>
        {unit && <span className="unit">{unit}</span>}
      </div>
      <div className="say">{says}</div>
      <div className="say">{more}</div>
    </div>
  )
}

const shownReaders = 3

export function LagCell({
  answer,
  lag,
  sight,
  rpo,
}: {
  answer: WallAnswer
  lag: WallLag | null
  sight: WallSight
  rpo: WallLimits
}) {
  const nodes = answer.picture?.nodes ?? []
  const names = shortNames(nodes.map((node) => node.id))
  const colours = seriesOf(nodes)
  const all = answer.picture ? readersOf(answer.picture) : []
  const known = all.flatMap(({ lagSeconds }) => (lagSeconds === null ? [] : [lagSeconds]))
  const worst = known.length === 0 ? null : Math.max(...known)
  const state: State =
    sight.dead || worst === null || known.length < all.length
      ? 'unknown'
      : worst > rpo.targetSeconds
        ? 'problem'
        : worst > 30
          ? 'lagging'
          : 'ok'
  return (
    <div className="wall-cell wide">
      <div className="wall-cell-top">
        <span className="k">Replication lag, last 15 min</span>
        <StateWord state={state} />
      </div>
      <div className="lags">
        {all.slice(0, shownReaders).map((node) => (
          <div key={node.id} className="lag">
            <span className="name">{names[node.id]}</span>
            <Spark lag={lag} id={node.id} colour={`var(--series-${colours[node.id] ?? 1})`} />
            <span className="num now">
              {sight.dead || node.lagSeconds === null ? dash : formatSeconds(node.lagSeconds)}
            </span>
          </div>
        ))}
        {all.length === 0 && <div className="say">No readers observed</div>}
      </div>
      <div className="foot">
        target {formatSpan(rpo.targetSeconds * 1000)}
        {all.length > shownReaders ? `, ${all.length - shownReaders} more readers not shown` : ''}
      </div>
    </div>
  )
}

/** At least so much of a scale that noise of a tenth of a second looks calm. */
const leastTopSeconds = 2

function Spark({ lag, id, colour }: { lag: WallLag | null; id: string; colour: string }) {
  if (!lag) return <span />
  const top = (lag.seconds[id] ?? []).reduce<number>((most, value) => Math.max(most, value ?? 0), leastTopSeconds)
  return (
    <svg viewBox="0 0 240 40" width="100%" height="52" preserveAspectRatio="none" aria-hidden>
      <path
        d={lagPath(
          lag,
          id,
          (at) => (240 * (at - lag.fromMs)) / Math.max(1, lag.toMs - lag.fromMs),
          (seconds) => 38 - (36 * seconds) / top,
        )}
        fill="none"
        stroke={colour}
        strokeWidth="2.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}
