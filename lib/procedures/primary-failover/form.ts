import { readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField } from '../../domain/procedure/types'
import type { Surroundings } from '../contract'
import { lossAllowedField } from '../steps/promotion-bound'
import type { FailoverInputs } from './inputs'

const connectionWords: Record<FailoverInputs['connectionMode'], string> = {
  auto: 'Update only hard-coded hosts',
  pgbouncer: 'Through the pooler',
  env: 'Cluster endpoint in the pods’ environment',
}

const kindWords: Record<FailoverInputs['kind'], string> = {
  recovery: 'Recover from a failure',
  switchover: 'Planned switchover, no loss',
}

export function fields(snapshot: Snapshot | null, environment: Surroundings): InputField[] {
  const candidates = (snapshot?.candidates ?? []).filter((c) => readNodeKey(c.nodeId).elsewhere === null)
  const best = candidates.find((c) => c.best) ?? candidates.find((c) => c.allowed !== 'no')
  return [
    {
      name: 'kind',
      label: 'Kind',
      help: 'A planned switchover holds clients until the target has the last position, and loses nothing.',
      type: 'choice',
      choices: Object.entries(kindWords).map(([value, label]) => ({ value, label, note: null })),
      default: 'recovery',
    },
    {
      name: 'target',
      label: 'Target',
      help: 'The reader that becomes the writer. The first has the least to lose.',
      type: 'choice',
      choices: candidates.map((c) => ({
        value: c.nodeId,
        label: c.nodeId === snapshot?.writerId ? `${c.nodeId}, its standby` : c.nodeId,
        note: c.reason,
      })),
      default: best?.nodeId ?? '',
    },
    lossAllowedField(60),
    {
      name: 'waitForAutomaticSeconds',
      label: 'Seconds to wait for an automatic RDS failover',
      help: 'RDS usually fails over by itself. 0 = do not wait.',
      type: 'number',
      min: 0,
      max: 300,
      unit: 's',
      default: environment.kind === 'production' ? 60 : 0,
    },
    {
      name: 'connectionMode',
      label: 'Connections',
      help: 'How application traffic is routed to the new writer.',
      type: 'choice',
      choices: Object.entries(connectionWords)
        .filter(([mode]) => mode !== 'pgbouncer' || environment.poolers.length > 0)
        .map(([value, label]) => ({ value, label, note: null })),
      default: 'auto',
    },
    {
      name: 'overrideReason',
      label: 'Override the diagnosis (optional)',
      help: 'Usually left empty. The reason is recorded and shown to whoever approves.',
      type: 'text',
      default: '',
    },
  ]
}

/** What was chosen, as the run shows it. */
export const describeInputs = (inputs: FailoverInputs) => [
  { label: 'Kind', value: kindWords[inputs.kind] },
  { label: 'Target', value: inputs.target },
  { label: 'Loss allowed', value: inputs.kind === 'switchover' ? 'none' : `${inputs.maxLossSeconds} s` },
  { label: 'Seconds to wait for an automatic RDS failover', value: `${inputs.waitForAutomaticSeconds} s` },
  { label: 'Connections', value: connectionWords[inputs.connectionMode] },
  ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
]
