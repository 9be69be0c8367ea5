import { readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { StepContext, Surroundings } from '../contract'
import { imaginedNode } from '../previewing'
import { imaginedMoves } from '../steps/move-names'
import type { RegionFacts } from './facts'
import { type RegionInputs, regionInputs } from './inputs'

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
    ...imaginedMoves(environment),
  }
  return { inputs: { ...regionInputs.parse({ target: 'unknown' }), target: target.id }, facts }
}
