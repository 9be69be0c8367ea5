import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField } from '../../domain/procedure/types'
import type { Surroundings } from '../contract'
import { wayChosen, waysField } from '../steps/names-form'
import { lossAllowedField } from '../steps/promotion-bound'
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
    {
      name: 'retentionDays',
      label: 'Keep backups',
      help: 'Of the promoted database. A replica inherits none.',
      type: 'number',
      min: 1,
      max: 35,
      unit: 'days',
      default: 7,
    },
    {
      name: 'backupWindow',
      label: 'Backup window',
      help: 'Daily, in UTC, 30 min or more.',
      type: 'text',
      default: '03:00-03:30',
    },
    {
      name: 'multiAz',
      label: 'Multi-AZ',
      help: 'RDS converts it while it serves; traffic does not wait for that.',
      type: 'choice',
      choices: [
        { value: 'on', label: 'On', note: null },
        { value: 'off', label: 'Off', note: null },
      ],
      default: 'on',
    },
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
  { label: 'Keep backups', value: `${inputs.retentionDays} days, window ${inputs.backupWindow} UTC` },
  { label: 'Multi-AZ', value: inputs.multiAz === 'on' ? 'On' : 'Off' },
  { label: 'Names', value: wayChosen(inputs.dnsMode) },
  ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
]
