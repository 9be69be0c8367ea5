'use client'

import type { RegionsView, Snapshot } from '../../lib/domain/cluster/types'
import { useSnapshot } from '../../lib/queries/cluster'
import { withSight } from '../../lib/web/present/cluster'
import { presentRegion } from '../../lib/web/present/regions'
import { TrafficDetail } from '../cluster/traffic'
import { Age, useSight } from '../ui/age'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'

/** Beside a run that acts in the other region: how both are, and where traffic goes, before, during and after it. */
export function RunRegions() {
  const { snapshot } = useSnapshot()
  return snapshot && <RegionsNow snapshot={snapshot} />
}

function RegionsNow({ snapshot }: { snapshot: Snapshot }) {
  const { regions, names, environment } = snapshot
  const services = useSight(regions.observedAt, regions.everyMs)
  const sight = useSight(names.observedAt, names.everyMs)
  const line = (name: string, canaries: RegionsView['home']) => {
    const { state, word, says } = withSight(presentRegion(canaries), services)
    return (
      <li className="flex items-center gap-2 text-12 leading-6">
        <b className="strong">{name}</b>
        <span className="grow" />
        <span className="truncate text-text-3">{says}</span>
        <StateWord state={state} word={word} />
      </li>
    )
  }
  return (
    <Panel title="Regions and traffic" aside={<Age at={names.observedAt} everyMs={names.everyMs} />}>
      <ul className="px-4 pb-2">
        {line(environment.region, regions.value?.home ?? [])}
        {line(environment.drRegion, regions.value?.elsewhere ?? [])}
      </ul>
      <div className="border-line-1 border-t px-4 py-2">
        <TrafficDetail snapshot={snapshot} sight={sight} />
      </div>
    </Panel>
  )
}
