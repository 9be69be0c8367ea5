'use client'

import { ChevronDown } from 'lucide-react'
import { Fragment } from 'react'
import { type TrafficName, trafficOf } from '../../lib/domain/cluster/traffic'
import type { Snapshot } from '../../lib/domain/cluster/types'
import type { Sight } from '../../lib/queries/sight'
import { withSight } from '../../lib/web/present/cluster'
import { dash } from '../../lib/web/present/format'
import { downRegion, presentAnswer, presentName, presentTraffic, resolverWords } from '../../lib/web/present/traffic'
import { Age, useSight } from '../ui/age'
import { StateWord } from '../ui/state'

/** Where traffic goes in one line, and below it what each resolver answers; open while that is not as on any other day. */
export function Traffic({ snapshot }: { snapshot: Snapshot }) {
  const { names, environment } = snapshot
  const sight = useSight(names.observedAt, names.everyMs)
  const { state, word, says, loud } = presentTraffic(trafficOf(snapshot), {
    home: environment.region,
    down: downRegion(snapshot),
    error: names.error,
  })
  const look = withSight({ state, word }, sight)
  return (
    <details className="group" open={loud || undefined}>
      <summary className="flex cursor-pointer list-none flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-12 [&::-webkit-details-marker]:hidden">
        <b className="strong text-13">Traffic</b>
        <StateWord {...look} />
        <span className="min-w-0 text-text-2">{says}</span>
        <span className="grow" />
        <Age at={names.observedAt} everyMs={names.everyMs} />
        <ChevronDown aria-hidden className="size-4 flex-none text-text-3 group-open:rotate-180" />
      </summary>
      <div className="border-line-1 border-t px-4 py-2">
        <TrafficDetail snapshot={snapshot} sight={sight} />
      </div>
    </details>
  )
}

/** What each resolver answers, and where the application's sessions, poolers and pods are. */
export function TrafficDetail({ snapshot, sight }: { snapshot: Snapshot; sight: Sight }) {
  const { names, sessions, parts } = trafficOf(snapshot)
  const down = downRegion(snapshot)
  return (
    <div className="@container">
      <div className="grid @3xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] gap-x-8 gap-y-2">
        {names.length === 0 ? (
          <p className="text-12 text-text-2">{snapshot.names.error ?? 'No resolver was asked yet.'}</p>
        ) : (
          <Resolvers names={names} down={down} sight={sight} />
        )}
        <dl className="grid h-fit grid-cols-[auto_minmax(0,1fr)] gap-x-3 text-12 leading-6">
          {sessions.map(({ region, count }) => (
            <Place
              key={region}
              label="Application sessions"
              region={region}
              says={count === null ? null : `${count}`}
            />
          ))}
          {parts.map(({ name, region, says }) => (
            <Place key={name} label={name} region={region} says={says} />
          ))}
        </dl>
      </div>
    </div>
  )
}

/** Null is unknown: of a figure, or of a place. */
function Place({ label, region, says }: { label: string; region: string | null; says: string | null }) {
  return (
    <>
      <dt className="truncate text-text-2" title={label}>
        {label}
      </dt>
      <dd className="flex min-w-0 items-center justify-end gap-2">
        <span className="num min-w-0 truncate text-text-1" title={says ?? undefined}>
          {says ?? dash}
        </span>
        {region === null || says === null ? (
          <StateWord state="unknown" word={region === null ? 'UNKNOWN' : `${region} UNKNOWN`} />
        ) : (
          <span className="mono flex-none text-text-3">{region}</span>
        )}
      </dd>
    </>
  )
}

function Resolvers({ names, down, sight }: { names: readonly TrafficName[]; down: string | null; sight: Sight }) {
  return (
    <table className="w-full text-12 leading-6" aria-label="Answers of each resolver">
      <thead className="sr-only">
        <tr>
          <th scope="col">Resolver</th>
          <th scope="col">Answer</th>
          <th scope="col">Time to live</th>
          <th scope="col">Region</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <Fragment key={name.name}>
            <tr>
              <th scope="rowgroup" className="break-all text-left font-[550]">
                {name.name}
              </th>
              <td className="@lg:table-cell hidden" colSpan={2} />
              <td className="text-right align-middle">
                <StateWord {...withSight(presentName(name, down), sight)} />
              </td>
            </tr>
            {name.answers.map((answer) => (
              <tr key={answer.address} className="text-text-2">
                <td className="whitespace-nowrap pl-3" title={resolverWords[answer.kind]}>
                  <span className="@lg:inline hidden">{resolverWords[answer.kind]} </span>
                  <span className="mono">{answer.address}</span>
                </td>
                <td className="num @lg:table-cell hidden" title={answer.error ?? undefined}>
                  {answer.to ?? dash}
                </td>
                <td className="num @lg:table-cell hidden text-right text-text-3">
                  {answer.ttlSeconds === null ? '' : `${answer.ttlSeconds} s`}
                </td>
                <td className="whitespace-nowrap text-right align-middle">
                  <StateWord {...withSight(presentAnswer(answer, down), sight)} />
                </td>
              </tr>
            ))}
          </Fragment>
        ))}
      </tbody>
    </table>
  )
}
