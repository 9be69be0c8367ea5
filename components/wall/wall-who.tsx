import { CircleQuestionMark } from 'lucide-react'
import { markedWords } from '../../lib/domain/checklist/count'
import { incidentLabel } from '../../lib/domain/incident/labels'
import type { WallNode } from '../../lib/domain/wall/picture'
import type { WallIncidentView } from '../../lib/domain/wall/view'
import { formatClock } from '../../lib/web/present/format'
import { plainWords } from '../../lib/web/present/incident'
import { Qr } from './qr'
import { withShortNames } from './readers'

/** Who, and what just happened; where this incident is for those who enter. */
export function Who({ incident, nodes, now }: { incident: WallIncidentView; nodes: WallNode[]; now: number }) {
  const due = incident.nextUpdateDueAt
  const left = due === null || now === 0 ? null : due - now
  const step = incident.run?.step ?? null
  const origin = typeof window === 'undefined' ? '' : window.location.origin
  return (
    <section className="wall-third" aria-label="People and timeline">
      <dl className="wall-roles">
        {incident.roles.map((role) => (
          <Role key={role.role} label={role.label} holder={role.holder} />
        ))}
      </dl>
      <div className="wall-story">
        {incident.story
          .toSorted((a, b) => b.at - a.at)
          .slice(0, 5)
          .map((entry, i) => (
            <Told
              key={entry.id}
              at={entry.at}
              text={`${entry.kind === 'decision' ? 'Decision: ' : ''}${withShortNames(plainWords(entry.text), nodes)}`}
              now={now}
              old={i > 2}
            />
          ))}
      </div>
      <div>
        <div className="k">{left !== null && left < 0 ? 'Update overdue by' : 'Next update due in'}</div>
        <div className="wall-due" data-late={(left !== null && left < 0) || undefined}>
          {formatClock(left === null ? null : Math.abs(left))}
        </div>
        {step && (
          <>
            <div className="k mt-3">
              Step <b className="num text-text-1">{step.number}</b> of <span className="num">{step.of}</span>
            </div>
            <div className="wall-steps" aria-hidden>
              {Array.from({ length: step.of }, (_, i) => (
                <i
                  // biome-ignore lint/suspicious/noArrayIndexKey: steps are their place
                  key={i}
                  data-past={i + 1 < step.number || undefined}
                  data-now={(i + 1 === step.number && !incident.run?.waitingFor) || undefined}
                  data-waits={(i + 1 === step.number && !!incident.run?.waitingFor) || undefined}
                />
              ))}
            </div>
          </>
        )}
        <div className="k mt-1.5" style={{ fontSize: 24 }}>
          Checklist <b className="num text-text-1">{incident.checklist.passed}</b> of{' '}
          <span className="num">{incident.checklist.of}</span>
          {incident.checklist.marked > 0 && `, ${markedWords(incident.checklist)}`}
        </div>
      </div>
      <div className="wall-where">
        <div className="code">
          {origin && <Qr text={`${origin}${incident.path}`} label={`QR code to ${incidentLabel(incident.number)}`} />}
        </div>
        <div className="num name">{incidentLabel(incident.number)}</div>
      </div>
    </section>
  )
}

function Role({ label, holder }: { label: string; holder: string | null }) {
  const short = label === 'Commander' ? 'Command' : label === 'Communications' ? 'Comms' : label
  return (
    <>
      <dt>{short}</dt>
      <dd>
        {holder ?? (
          <span className="wall-empty">
            <CircleQuestionMark aria-hidden />
            Unassigned
          </span>
        )}
      </dd>
    </>
  )
}

/** "0:56" under an hour, "2 h 05" and "3 d" above: the column is narrow. */
function ago(ms: number): string {
  if (ms < 3_600_000) return formatClock(ms).replace(/^0(?=\d:)/, '')
  const hours = Math.floor(ms / 3_600_000)
  return hours < 48
    ? `${hours} h ${String(Math.floor(ms / 60_000) % 60).padStart(2, '0')}`
    : `${Math.floor(hours / 24)} d`
}

function Told({ at, text, now, old }: { at: number; text: string; now: number; old: boolean }) {
  return (
    <>
      <span className="num when">{now === 0 ? '' : ago(now - at)}</span>
      <span className={old ? 'what old' : 'what'}>{text}</span>
    </>
  )
}
