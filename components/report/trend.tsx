import Link from 'next/link'
import { incidentLabel } from '../../lib/domain/incident/labels'
import type { TrendsView } from '../../lib/domain/incident/view'
import { dash, formatClock, formatDate } from '../../lib/web/present/format'
import { presentObjective } from '../../lib/web/present/incident'
import { StateWord } from '../ui/state'

const most = 24
const clock = (ms: number | null) => (ms === null ? dash : formatClock(ms))

/** Real incidents that are over, oldest first: how long each took to see and to mend, and which targets it met. */
export function Trend({ points, targetMs }: { points: TrendsView['points']; targetMs: number }) {
  const shown = points.slice(-most)
  if (shown.length === 0)
    return <p className="px-4 pb-3 text-text-2">No real incident is resolved yet, so there is no trend.</p>
  const top = Math.max(targetMs * 1.25, ...shown.map((point) => point.recoverMs ?? 0))
  const share = (ms: number) => `${(100 * ms) / top}%`
  return (
    <div className="overflow-x-auto px-4 pb-3">
      <table className="trend">
        <tbody>
          <tr className="trend-bars">
            <th scope="row">
              Time to recover
              <span className="block font-normal text-text-3">
                target <span className="num">{formatClock(targetMs)}</span>
              </span>
            </th>
            {shown.map((point) => (
              <td key={point.number}>
                <div className="trend-bar">
                  <i
                    data-over={(point.recoverMs !== null && point.recoverMs > targetMs) || undefined}
                    style={{ height: point.recoverMs === null ? 0 : `max(2px, ${share(point.recoverMs)})` }}
                  />
                  <u style={{ bottom: share(targetMs) }} />
                </div>
                <span className="num">{clock(point.recoverMs)}</span>
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">Time to detect</th>
            {shown.map((point) => (
              <td key={point.number} className="num">
                {clock(point.detectMs)}
              </td>
            ))}
          </tr>
          {(['rto', 'rpo'] as const).map((objective) => (
            <tr key={objective}>
              <th scope="row">{objective.toUpperCase()}</th>
              {shown.map((point) => (
                <td key={point.number}>
                  <StateWord {...presentObjective(point[objective])} />
                </td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">Incident</th>
            {shown.map((point) => (
              <td key={point.number}>
                <Link href={`/incidents/${point.number}/report`} title={point.title} className="num hover:underline">
                  {incidentLabel(point.number)}
                </Link>
                <span className="block text-text-3">{formatDate(point.at)}</span>
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  )
}
