import type { Snapshot } from '../../domain/cluster/types'
import type { StepContext, Surroundings } from '../contract'
import { imaginedNode, placeholder } from '../previewing'
import type { FailoverFacts } from './facts'
import { type FailoverInputs, failoverInputs } from './inputs'

/** A failover as it would be if it began now, for the commands on its page. */
export function imaginedFailover(
  snapshot: Snapshot | null,
  environment: Surroundings,
): Pick<StepContext<FailoverInputs, FailoverFacts>, 'inputs' | 'facts'> {
  const node = (id: string | null | undefined) => snapshot?.nodes.find((n) => n.id === id) ?? null
  const best =
    snapshot?.candidates.find((c) => c.best) ??
    snapshot?.candidates.find((c) => c.allowed === 'allowed' || c.allowed === 'late')
  const target = imaginedNode(node(best?.nodeId), 'target')
  const writer = imaginedNode(node(snapshot?.writerId), 'old writer')
  const at = snapshot?.network.value?.endpoint.split(':') ?? []
  const facts: FailoverFacts = {
    topology: snapshot && snapshot.topology !== 'unknown' ? snapshot.topology : 'hybrid',
    clusterId: environment.aws.clusterId,
    endpoint: { host: at[0] ?? placeholder('cluster endpoint'), port: Number(at[1] ?? target.port) },
    readerEndpoint: null,
    writerBefore: writer,
    target,
    workloads: (environment.kubernetes?.deployments ?? []).map((deployment) => ({
      deployment,
      containers: [
        {
          container: placeholder('each container that sets it'),
          init: false,
          by: 'value',
          host: snapshot?.workload.value?.databaseHost ?? placeholder('former host'),
        },
      ],
      replicas: snapshot?.workload.value?.replicas ?? 0,
    })),
  }
  // The schema asks for a real name; what is not known yet is put in afterwards.
  const inputs = { ...failoverInputs.parse({ target: 'unknown' }), target: target.id }
  return { inputs, facts: facts }
}
