'use client'

import { serviceNames } from '../../lib/domain/cluster/region-services'
import type { CanaryView, Snapshot } from '../../lib/domain/cluster/types'
import type { Sight } from '../../lib/queries/sight'
import { withSight } from '../../lib/web/present/cluster'
import { presentCanary, presentRegion } from '../../lib/web/present/regions'
import { Age, useSight } from '../ui/age'
import { StateWord } from '../ui/state'
import { Traffic } from './traffic'

/** Both regions side by side, as the collector in the other one sees them, and where traffic goes; nothing where neither is set up. */
export function Regions({ snapshot }: { snapshot: Snapshot }) {
  const { regions, names, environment } = snapshot
  const { value, observedAt, everyMs, error } = regions
  const sight = useSight(observedAt, everyMs)
  if (!value && !names.value) return null
  return (
    <section className="panel mt-3 grid gap-px overflow-hidden bg-border-1 md:grid-cols-2" aria-label="Regions">
      {value && (
        <>
          <Region name={environment.region} kind="home region" canaries={value.home} sight={sight} />
          <Region name={environment.drRegion} kind="DR region" canaries={value.elsewhere} sight={sight} />
          <p className="bg-surface-1 px-4 py-1.5 text-11 text-text-3 md:col-span-2">
            Checked from {environment.drRegion} <Age at={observedAt} everyMs={everyMs} />
            {error !== null && <span className="text-text-2"> {error}</span>}
          </p>
        </>
      )}
      <div className="bg-surface-1 md:col-span-2">
        <Traffic snapshot={snapshot} />
      </div>
    </section>
  )
}

interface RegionProps {
  name: string
  kind: string
  canaries: readonly CanaryView[]
  sight: Sight
}

function Region({ name, kind, canaries, sight }: RegionProps) {
  const { state, word, says } = withSight(presentRegion(canaries), sight)
  return (
    <section
      className={state === 'unknown' ? 'hatch bg-surface-1 px-4 py-2' : 'bg-surface-1 px-4 py-2'}
      aria-label={`${name}, ${kind}`}
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <b className="strong text-13">{name}</b>
        <span className="text-12 text-text-3">{kind}</span>
        <StateWord state={state} word={word} />
        <span className="text-12 text-text-2">{says}</span>
      </div>
      <ul className="mt-1 flex flex-wrap gap-x-4 gap-y-0.5" aria-label={`Services of ${name}`}>
        {canaries.map((canary) => (
          <Service key={canary.service} canary={canary} sight={sight} />
        ))}
      </ul>
    </section>
  )
}

function Service({ canary, sight }: { canary: CanaryView; sight: Sight }) {
  const { state, word } = withSight(presentCanary(canary), sight)
  return (
    <li className="flex items-center gap-1.5 text-12" title={canary.detail}>
      <span className="text-text-2">{serviceNames[canary.service]}</span>
      <StateWord state={state} word={word} />
      {canary.vote !== 'ok' && <span className="text-11 text-text-3">{canary.detail}</span>}
    </li>
  )
}
