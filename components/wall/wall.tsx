'use client'

import { useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { sightOf } from '../../lib/domain/wall/says'
import { useNow } from '../../lib/queries/clock'
import { QueryError, useHydrated } from '../../lib/queries/cluster'
import { isShut, silentMs, wallLagQuery, wallOpeningQuery, wallQuery } from '../../lib/queries/wall'
import { useAwake, useFit, useNewBuild, useStill, useWallTheme } from './room'
import { WallCalm } from './wall-calm'
import { WallIncident } from './wall-incident'
import type { WallLimits } from './wall-parts'

/** The shared screen: read from six metres, touched by nobody. */
export function Wall({ build, rpo }: { build: string; rpo: WallLimits }) {
  const { data: open = false, failureReason: notOpened } = useQuery(wallOpeningQuery)
  const { data, error: unread } = useQuery({ ...wallQuery, enabled: open })
  const { data: lag } = useQuery({ ...wallLagQuery, enabled: open })
  const error = unread ?? notOpened
  const canvas = useRef<HTMLDivElement>(null)
  const still = useStill()
  useWallTheme()
  useFit(canvas)
  useAwake()
  useNewBuild(build, data?.wall.build ?? null)
  const now = useNow()
  const hydrated = useHydrated()
  // Whoever is shut out sees nothing of what was there before.
  const shown = isShut(error) ? null : data
  const incident = shown?.wall.incident ?? null
  const sight = shown ? sightOf(shown, hydrated ? silentMs(shown) : 0, now || shown.wall.now) : null
  return (
    <main
      className="wall-room"
      data-theme="wall"
      data-environment={shown?.wall.environment.kind}
      data-drill={incident?.kind === 'drill' || undefined}
      data-dead={sight?.dead || undefined}
      data-still={still || undefined}
    >
      <div ref={canvas} className={incident ? 'wall-canvas' : 'wall-canvas calm'}>
        {!shown || !sight ? (
          <Nothing error={error} />
        ) : incident ? (
          <WallIncident answer={shown} incident={incident} lag={lag ?? null} now={now} sight={sight} rpo={rpo} />
        ) : (
          <WallCalm answer={shown} lag={lag ?? null} now={now} sight={sight} rpo={rpo} />
        )}
      </div>
    </main>
  )
}

function Nothing({ error }: { error: Error | null }) {
  const shut = isShut(error)
  const says = !error
    ? 'Loading cluster state...'
    : error instanceof QueryError
      ? error.message
      : 'The War Room has not responded. Retrying every second.'
  return (
    <div className="wall-nothing" role={error ? 'alert' : undefined}>
      <h1 className="title">
        {shut ? 'This wall is closed' : error ? 'The wall is not available' : 'CastMatch War Room'}
      </h1>
      <div className="says">{says}</div>
      {shut && <div className="says">Ask a signed-in user for a new wall link.</div>}
    </div>
  )
}
