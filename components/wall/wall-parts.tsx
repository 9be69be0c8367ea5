import { CircleQuestionMark } from 'lucide-react'
import type { ReactNode } from 'react'
import type { WallSight } from '../../lib/domain/wall/says'
import type { WallAnswer } from '../../lib/queries/wall'
import { formatAge } from '../../lib/web/present/format'
import { StateWord } from '../ui/state'

/** The customer's limits of loss, in seconds. */
export interface WallLimits {
  targetSeconds: number
  maximumSeconds: number
}

/** Which environment this is, and that what is seen is live. */
export function WallCorner({ answer, sight }: { answer: WallAnswer; sight: WallSight }) {
  return (
    <span className="wall-corner">
      <span className="wall-env">{answer.wall.environment.name}</span>
      <StateWord state={sight.dead ? 'unknown' : 'ok'} word={sight.dead ? 'NOT LIVE' : 'LIVE'} />
      <span className="num age">{formatAge(sight.ageMs)}</span>
    </span>
  )
}

/** Across the first band: what is below is old, or some of it. What it is about stays readable beside it. */
export function WallDead({ says, children }: { says: string; children?: ReactNode }) {
  return (
    <div className="wall-dead" role="alert">
      <CircleQuestionMark aria-hidden />
      <span className="says">{says}</span>
      <span className="of">{children}</span>
    </div>
  )
}
