import { Skeleton } from '../ui/panel'

/** The places of an incident while it is on its way: clocks and people, what happened, what to do. */
export function IncidentPlaces() {
  return (
    <div className="incident-grid" data-tab="timeline" aria-busy="true">
      <header className="incident-head">
        <Skeleton width={320} height={24} />
      </header>
      <div className="incident-clocks-place">
        <div className="panel h-64" />
      </div>
      <div className="incident-lead">
        <div className="panel h-48" />
        <div className="panel h-40" />
      </div>
      <div className="incident-centre">
        <div className="panel h-full min-h-96" />
      </div>
      <div className="incident-act">
        <div className="panel h-40" />
        <div className="panel h-72" />
      </div>
    </div>
  )
}
