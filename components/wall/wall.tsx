'use client'

import { useQuery } from '@tanstack/react-query'
import { CircleQuestionMark } from 'lucide-react'
import { useRef } from 'react'
import { useNow } from '../../lib/queries/clock'
import { QueryError } from '../../lib/queries/cluster'
import { type WallAnswer, wallLagQuery, wallQuery } from '../../lib/queries/wall'
import { formatAge } from '../../lib/web/present/format'
import { StateWord } from '../ui/state'
import { useAwake, useFit, useNewBuild, useStill, useWallTheme } from './room'
import { WallCalm } from './wall-calm'
import { WallIncident } from './wall-incident'

/** After this the wall says that it does not see any more. */
const deadAfterMs = 4000

/** The shared screen: read from six metres, touched by nobody. */
export function Wall({ link, rpo }: { link: string | null; rpo: { targetSeconds: number; maximumSeconds: number } }) {
  const { data, error, dataUpdatedAt } = useQuery(wallQuery(link))
  const { data: history } = useQuery(wallLagQuery(link))
  const canvas = useRef<HTMLDivElement>(null)
  const still = useStill()
  useWallTheme()
  useFit(canvas)
  useAwake()
  useNewBuild(data?.wall.build ?? null)
  const now = useNow()
  const incident = data?.wall.incident ?? null
  return (
    <div
      className="wall-room"
      data-theme="wall"
      data-environment={data?.wall.environment.kind}
      data-drill={incident?.kind === 'drill' || undefined}
      data-still={still || undefined}
    >
      <div ref={canvas} className={incident ? 'wall-canvas' : 'wall-canvas calm'}>
        {!data ? (
          <Nothing
            message={
              error
                ? error instanceof QueryError
                  ? error.message
                  : 'The War Room does not answer. Trying again.'
                : null
            }
          />
        ) : incident ? (
          <WallIncident
            answer={data}
            incident={incident}
            history={history ?? null}
            now={now}
            sight={sightOf(data, dataUpdatedAt, now)}
            rpo={rpo}
          />
        ) : (
          <WallCalm
            answer={data}
            history={history ?? null}
            now={now}
            sight={sightOf(data, dataUpdatedAt, now)}
            rpo={rpo}
          />
        )}
      </div>
    </div>
  )
}

export interface WallSight {
  dead: boolean
  /** Since when nothing is seen, and what that is. */
  says: string
  ageMs: number | null
}

/** Alive while both the War Room answers and its picture of the cluster is fresh; an open connection proves nothing. */
function sightOf(answer: WallAnswer, heardAt: number, now: number): WallSight {
  const heardMs = Math.max(0, Date.now() - heardAt)
  if (heardAt > 0 && heardMs > deadAfterMs)
    return { dead: true, says: `The War Room has not answered for ${formatAge(heardMs)}`, ageMs: heardMs }
  const takenAt = answer.snapshot?.takenAt ?? null
  if (takenAt === null) return { dead: true, says: 'Nobody observes the cluster', ageMs: null }
  const age = Math.max(0, (now || takenAt) - takenAt)
  return age > deadAfterMs
    ? { dead: true, says: `The cluster has not been seen for ${formatAge(age)}`, ageMs: age }
    : { dead: false, says: '', ageMs: age }
}

export function WallCorner({ answer, sight }: { answer: WallAnswer; sight: WallSight }) {
  return (
    <>
      <span className="wall-env">{answer.wall.environment.name}</span>
      <StateWord state={sight.dead ? 'unknown' : 'ok'} word={sight.dead ? 'NOT LIVE' : 'LIVE'} />
      <span className="num w-[84px] text-[26px] text-text-2">{formatAge(sight.ageMs)}</span>
    </>
  )
}

/** Across the first band: what is below is old. */
export function WallDead({ sight }: { sight: WallSight }) {
  return (
    <div className="wall-dead" role="alert">
      <CircleQuestionMark aria-hidden />
      {sight.says}. What stands here is old.
    </div>
  )
}

function Nothing({ message }: { message: string | null }) {
  return (
    <div className="row-span-4 flex flex-col justify-center gap-6">
      <div className="font-semibold text-[72px] leading-[80px] tracking-tight">
        {message ? 'The wall cannot be shown' : 'CastMatch War Room'}
      </div>
      <div className="text-[34px] text-text-2 leading-[44px]">{message ?? 'Waiting for the first picture.'}</div>
    </div>
  )
}
