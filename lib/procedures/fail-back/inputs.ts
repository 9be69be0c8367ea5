import { z } from 'zod'
import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField, Prefilled } from '../../domain/procedure/types'
import { regionInputs } from '../region-recovery/inputs'

export const failBackSlug = 'fail-back'

/** Which database is left, which one serves then, and how that one is protected. */
export const failBackInputs = regionInputs.pick({ retentionDays: true, backupWindow: true, multiAz: true }).extend({
  /** Key of the promoted database in the other region. */
  source: z
    .string()
    .trim()
    .max(200)
    .refine((key) => readNodeKey(key).elsewhere !== null, 'Choose the promoted database in the other region.'),
  /** Its replica at home, by name. */
  target: z
    .string()
    .trim()
    .regex(/^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/, 'Enter the name of its replica in the home region.'),
})
export type FailBackInputs = z.output<typeof failBackInputs>

export function fields(snapshot: Snapshot | null): InputField[] {
  const elsewhere = (snapshot?.nodes ?? []).filter(({ id }) => readNodeKey(id).elsewhere !== null)
  return [
    {
      name: 'source',
      label: 'Database that serves now',
      help: 'The promoted database in the other region. The application can write to it no more after this.',
      type: 'choice',
      choices: elsewhere.map(({ id, stateDetail }) => ({ value: id, label: nodeWords(id), note: stateDetail })),
      default: elsewhere[0]?.id ?? '',
    },
    {
      name: 'target',
      label: 'Replica at home',
      help: 'As the run that rebuilt it names it.',
      type: 'text',
      default: '',
    },
    {
      name: 'retentionDays',
      label: 'Keep backups',
      help: 'Of the database at home. A replica has none.',
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
  ]
}

export const describeInputs = (inputs: FailBackInputs) => [
  { label: 'Database that serves now', value: nodeWords(inputs.source) },
  { label: 'Replica at home', value: inputs.target },
  { label: 'Keep backups', value: `${inputs.retentionDays} days, window ${inputs.backupWindow} UTC` },
  { label: 'Multi-AZ', value: inputs.multiAz === 'on' ? 'On' : 'Off' },
]

/** The form filled in for a replica that a run has rebuilt. */
export const failBackOf = (source: string, target: string): Prefilled => ({
  slug: failBackSlug,
  inputs: { source, target },
})
