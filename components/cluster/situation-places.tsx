import { Panel, Skeleton } from '../ui/panel'
import { StateWord } from '../ui/state'

/** The page before the first picture: the same places at the same sizes, and one sentence that says why. */
export function SituationPlaces({ loading, message }: { loading: boolean; message: string | null }) {
  return (
    <div className="situation" aria-busy={loading}>
      <h1 className="sr-only">Situation</h1>
      <div className="area-verdict">
        <section className="verdict calm" aria-label="Verdict" role="status">
          {loading ? (
            <>
              <StateWord state="working" word="READING" />
              <span className="calm-line text-text-2">Loading cluster state...</span>
            </>
          ) : (
            <>
              <StateWord state="unknown" />
              <span className="calm-line">
                {message ?? 'No runner has reported yet: the state of the database is unknown'}
              </span>
            </>
          )}
        </section>
      </div>
      <Panel title="Topology" className="area-topology">
        <div className="grid h-full min-h-72 grid-cols-3 items-center gap-6 p-6">
          {[0, 1, 2].map((i) => (
            <Skeleton key={i} width="100%" height={110} />
          ))}
        </div>
      </Panel>
      <Panel title="If you fail over now" className="area-candidates">
        <div className="flex flex-col gap-6 p-4">
          {[0, 1, 2].map((i) => (
            <Skeleton key={i} width="100%" height={36} />
          ))}
        </div>
      </Panel>
      <Panel title="Replication lag" className="area-lag">
        <div className="min-h-60" />
      </Panel>
      <div className="tiles">
        {['Connection pool', 'Application', 'Backups', 'Prometheus', 'DNS and TLS', 'Availability'].map((title) => (
          <section key={title} className="panel tile" aria-label={title}>
            <span className="strong text-12 text-text-2">{title}</span>
            <Skeleton width={96} height={20} />
            <Skeleton width={140} height={10} />
          </section>
        ))}
      </div>
    </div>
  )
}
