/** The places of a run while nothing of it is here yet, and why it cannot be shown when that is so. */
export function RunPlaces({ message }: { message: string | null }) {
  return (
    <div className="run-grid" aria-busy={message === null}>
      <header className="run-head">
        <h1 className="font-semibold text-20">{message === null ? 'Run' : 'The run is not available'}</h1>
        <p className="run-sentence st-unknown" role={message === null ? 'status' : 'alert'}>
          {message === null ? 'Loading' : `${message} The run continues without this page. Retrying.`}
        </p>
      </header>
      <div className="panel" />
      <div className="run-centre">
        <div className="panel" />
        <div className="panel" />
      </div>
      <div className="run-aside">
        <div className="panel h-36" />
        <div className="panel h-48" />
      </div>
    </div>
  )
}
