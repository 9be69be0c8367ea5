import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField } from '../../domain/procedure/types'
import type { Surroundings } from '../contract'
import { wayChosen, waysField } from '../steps/names-form'
import { lossAllowedField } from '../steps/promotion-bound'
import { describeProtection, protectionFields } from '../steps/protection-form'
import type { RegionInputs } from './inputs'

export function fields(snapshot: Snapshot | null, environment: Surroundings): InputField[] {
  const replicas = (snapshot?.candidates ?? []).filter((c) => readNodeKey(c.nodeId).elsewhere !== null)
  return [
    {
      name: 'target',
      label: 'Replica',
      help: 'The replica in the other region that becomes a database of its own.',
      type: 'choice',
      choices: replicas.map((c) => ({ value: c.nodeId, label: nodeWords(c.nodeId), note: c.reason })),
      default: replicas[0]?.nodeId ?? '',
    },
    lossAllowedField(900),
    ...protectionFields('Of the promoted database. A replica inherits none.'),
    waysField(environment),
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
export const describeInputs = (inputs: RegionInputs) => [
  { label: 'Replica', value: nodeWords(inputs.target) },
  { label: 'Loss allowed', value: `${inputs.maxLossSeconds} s` },
  ...describeProtection(inputs),
  { label: 'Names', value: wayChosen(inputs.dnsMode) },
  ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
]
