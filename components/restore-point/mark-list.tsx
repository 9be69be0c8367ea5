import { localWords } from '../../lib/domain/local-time'
import type { PointMark, PointMarkKind } from '../../lib/domain/restore-point/marks'
import { secondBefore } from '../../lib/domain/restore-point/window'
import { utcWords } from '../../lib/domain/units'

const kindWords: Record<PointMarkKind, string> = {
  'last-good': 'Sample',
  'first-bad': 'Sample',
  damage: 'Damage',
  deployment: 'Deploy',
  'database-event': 'Database',
  'heartbeat-gap': 'Heartbeat gap',
  'not-measured': 'Not measured',
  incident: 'Incident',
  run: 'Run',
}

/** The events of the shown part of the axis, newest first; each proposes the second before it. */
export function MarkList({
  marks,
  zone,
  onPoint,
}: {
  marks: readonly PointMark[]
  zone: string
  onPoint: (at: number) => void
}) {
  if (marks.length === 0) return <p className="text-11 text-text-3">No events in this part of the window.</p>
  return (
    <ul className="max-h-44 overflow-y-auto rounded-md border border-line-2" aria-label="Events">
      {marks.toReversed().map((mark) => (
        <li
          key={`${mark.kind} ${mark.at} ${mark.text}`}
          className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-2 border-line-1 border-b px-2 py-1 text-12 last:border-b-0"
        >
          <span className="min-w-0">
            <span className="num" title={utcWords(mark.at)}>
              {localWords(mark.at, zone).slice(5)}
            </span>{' '}
            <span className="text-11 text-text-3">{kindWords[mark.kind]}</span>
            <span className="block break-words text-text-2">{mark.text}</span>
          </span>
          {mark.kind === 'last-good' ? (
            <Choose at={Math.floor(mark.at / 1000) * 1000} words="This point" of={mark} onPoint={onPoint} />
          ) : (
            <Choose at={secondBefore(mark.at)} words="1 s before" of={mark} onPoint={onPoint} />
          )}
        </li>
      ))}
    </ul>
  )
}

const Choose = ({
  at,
  words,
  of,
  onPoint,
}: {
  at: number
  words: string
  of: PointMark
  onPoint: (at: number) => void
}) => (
  <button
    type="button"
    className="btn"
    data-size="s"
    aria-label={`Choose ${words.toLowerCase()}: ${of.text}`}
    onClick={() => onPoint(at)}
  >
    {words}
  </button>
)
