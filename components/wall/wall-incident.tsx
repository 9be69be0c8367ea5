import { regionsInQuestion } from '../../lib/domain/wall/picture'
import type { WallSight } from '../../lib/domain/wall/says'
import type { WallIncidentView, WallLag } from '../../lib/domain/wall/view'
import type { WallAnswer } from '../../lib/queries/wall'
import { WallChart } from './wall-chart'
import { HowBad } from './wall-how-bad'
import type { WallLimits } from './wall-parts'
import { WallTraffic } from './wall-regions'
import { WallTopology } from './wall-topology'
import { WhatNow } from './wall-what-now'
import { Who } from './wall-who'

/** In the order in which people entering the room ask: how bad, how long; what now; who, and what just happened. */
export function WallIncident({
  answer,
  incident,
  lag,
  now,
  sight,
  rpo,
}: {
  answer: WallAnswer
  incident: WallIncidentView
  lag: WallLag | null
  now: number
  sight: WallSight
  rpo: WallLimits
}) {
  const { picture } = answer
  const nodes = picture?.nodes ?? []
  return (
    <>
      <HowBad answer={answer} incident={incident} now={now} sight={sight} />
      <section className="wall-second" aria-label="Next steps">
        {picture ? (
          <WallTopology picture={picture} now={now} old={sight.dead} />
        ) : (
          <div className="wall-block hatch justify-center text-center text-[34px]">The cluster is not observed</div>
        )}
        <div className="wall-beside">
          <WhatNow incident={incident} nodes={nodes} now={now} />
          {picture && regionsInQuestion(picture) ? (
            <WallTraffic picture={picture} sight={sight} />
          ) : (
            <WallChart lag={lag} nodes={nodes} writerId={picture?.writerId ?? null} rpo={rpo} />
          )}
        </div>
      </section>
      <Who incident={incident} nodes={nodes} now={now} />
    </>
  )
}
