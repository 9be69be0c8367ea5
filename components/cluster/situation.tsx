'use client'

import type { ReactNode } from 'react'
import type { Snapshot } from '../../lib/domain/cluster/types'
import type { CatalogueEntry } from '../../lib/domain/procedure/catalogue'
import type { Right } from '../../lib/domain/right'
import { useSnapshot } from '../../lib/queries/cluster'
import type { DismissDamage } from '../../lib/web/present/actions'
import { Panel, Skeleton } from '../ui/panel'
import { StateWord } from '../ui/state'
import { Candidates, type LossTargets } from './candidates'
import { Damage } from './damage'
import { LagPanel } from './lag-panel'
import { Regions } from './regions'
import { Tiles } from './tiles'
import { Topology } from './topology'
import { Verdict } from './verdict'

/** One look answers: is the database healthy, and if not, what is it and what do we do. */
export function Situation({
  rpo,
  procedures,
  actions,
  notices,
  dismissDamage,
}: {
  rpo: LossTargets
  procedures: readonly CatalogueEntry[]
  actions?: ReactNode
  /** What else waits for a person, under the verdict. */
  notices?: ReactNode
  dismissDamage: { act: DismissDamage; right: Right }
}) {
  const { snapshot, loading, error } = useSnapshot()
  if (!snapshot) return <Empty loading={loading} message={error?.message ?? null} />
  return (
    <div
      className="situation"
      // Which picture is painted, and of when: an age that anybody can check against a clock.
      data-seq={snapshot.seq}
      data-taken-at={snapshot.takenAt}
      data-sampled-at={newestPosition(snapshot)}
    >
      <h1 className="sr-only">Situation</h1>
      <div className="area-verdict">
        <Verdict snapshot={snapshot} procedures={procedures} actions={actions} />
        <Damage findings={snapshot.diagnosis.damage?.findings ?? []} dismiss={dismissDamage} />
        <Regions snapshot={snapshot} />
        {notices}
      </div>
      <Topology snapshot={snapshot} />
      <Candidates snapshot={snapshot} rpo={rpo} />
      <LagPanel nodes={snapshot.nodes} writerId={snapshot.writerId} rpo={rpo} />
      <Tiles snapshot={snapshot} rpo={rpo} />
    </div>
  )
}

/** When the newest of the positions in this picture was read from a server; undefined when none was. */
function newestPosition({ nodes }: Snapshot): number | undefined {
  const times = nodes.flatMap((node) => node.position.observedAt ?? [])
  return times.length ? Math.max(...times) : undefined
}

/** The page before the first picture: the same places at the same sizes, and one sentence that says why. */
export function Empty({ loading, message }: { loading: boolean; message: string | null }) {
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
