import { readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { StepContext, Surroundings } from '../contract'
import { imaginedNode } from '../previewing'
import { imaginedMoves } from '../steps/move-names'
import { applicationPlace, wantedPods } from './application'
import type { RegionFacts } from './facts'
import { type RegionInputs, regionInputs } from './inputs'

/** A start of the application that has been made, so that every command is shown. */
function imaginedApplication(
  snapshot: Snapshot | null,
  environment: Surroundings,
): Pick<RegionFacts, 'application' | 'applicationReplicas'> {
  const place = applicationPlace(environment)
  if (!place) return {}
  const wanted = wantedPods(place, snapshot, {})
  return {
    application: 'started',
    applicationReplicas: Object.fromEntries(wanted.map(({ deployment, count }) => [deployment, count])),
  }
}

/** A recovery as it would be if it began now, for the commands on its page. */
export function imaginedRegion(
  snapshot: Snapshot | null,
  environment: Surroundings,
): Pick<StepContext<RegionInputs, RegionFacts>, 'inputs' | 'facts'> {
  const nodes = snapshot?.nodes ?? []
  const target = imaginedNode(nodes.find((n) => readNodeKey(n.id).elsewhere !== null) ?? null, 'replica')
  const facts: RegionFacts = {
    topology: snapshot && snapshot.topology !== 'unknown' ? snapshot.topology : 'hybrid',
    clusterId: environment.aws.clusterId,
    endpoint: { host: target.host ?? '', port: target.port ?? 5432 },
    readerEndpoint: null,
    writerBefore: imaginedNode(nodes.find((n) => n.id === snapshot?.writerId) ?? null, 'old writer'),
    target,
    ...imaginedApplication(snapshot, environment),
    ...imaginedMoves(environment),
  }
  return { inputs: { ...regionInputs.parse({ target: 'unknown' }), target: target.id }, facts }
}
