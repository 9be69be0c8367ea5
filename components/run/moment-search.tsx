import type { SearchView } from '../../lib/domain/restore-point/search-view'
import { durationWords, utcWords } from '../../lib/domain/units'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'

const looks = {
  sound: { state: 'ok', word: 'GOOD' },
  damaged: { state: 'problem', word: 'DAMAGED' },
  unknown: { state: 'unknown', word: 'UNKNOWN' },
  asking: { state: 'working', word: 'UNDER WAY' },
} as const

/** A search for the moment of the damage: between which times it was done by the answers so far, and each copy's answer. */
export function MomentSearch({ search }: { search: SearchView }) {
  const { goodAt, badAt, fromAt, toAt, probes, most, perProbe } = search
  const at = (ms: number) => `${(100 * (ms - fromAt)) / Math.max(1, toAt - fromAt)}%`
  return (
    <Panel title="Moment of the damage">
      <div className="flex flex-col gap-3 px-4 pb-4 text-12">
        <div aria-hidden className="relative h-6 rounded-sm bg-surface-3">
          <span
            className="absolute inset-y-0 bg-state-problem opacity-30"
            style={{ left: at(goodAt ?? fromAt), right: `calc(100% - ${at(badAt)})` }}
          />
          {probes.map(({ n, at: moment, verdict }) => (
            <span
              key={n}
              className={`absolute inset-y-0 w-0.5 ${verdict === 'sound' ? 'bg-state-ok' : verdict === 'damaged' ? 'bg-state-problem' : 'bg-state-working'}`}
              style={{ left: at(moment) }}
            />
          ))}
        </div>
        <dl className="facts">
          <dt>Last known good</dt>
          <dd className="num">{goodAt === null ? 'Unknown' : utcWords(goodAt)}</dd>
          <dt>First known bad</dt>
          <dd className="num">{utcWords(badAt)}</dd>
          <dt>Interval</dt>
          <dd>
            <span className="num">{durationWords(badAt - (goodAt ?? fromAt))}</span> of {durationWords(toAt - fromAt)}{' '}
            at the start
          </dd>
          <dt>Restores</dt>
          <dd>
            {probes.length} of at most {most}, {perProbe}
          </dd>
        </dl>
        <ol className="flex flex-col gap-2">
          {probes.map((probe) => (
            <li key={probe.n} className="flex flex-wrap items-baseline gap-x-2">
              <StateWord {...looks[probe.verdict ?? 'asking']} />
              <span className="num">{utcWords(probe.at)}</span>
              {probe.tookMs !== null && <span className="text-text-3">in {durationWords(probe.tookMs)}</span>}
              {probe.says && <span className="basis-full text-text-2">{probe.says}</span>}
            </li>
          ))}
        </ol>
      </div>
    </Panel>
  )
}
