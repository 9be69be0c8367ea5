'use client'

import type { ReactNode } from 'react'
import type { Snapshot } from '../../lib/domain/cluster/types'
import type { CatalogueEntry } from '../../lib/domain/procedure/catalogue'
import type { Right } from '../../lib/domain/right'
import { useSnapshot } from '../../lib/queries/cluster'
import type { DismissDamage } from '../../lib/web/present/actions'
import { Candidates, type LossTargets } from './candidates'
import { Damage } from './damage'
import { LagPanel } from './lag-panel'
import { Regions } from './regions'
import { SituationPlaces } from './situation-places'
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
  if (!snapshot) return <SituationPlaces loading={loading} message={error?.message ?? null} />
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
