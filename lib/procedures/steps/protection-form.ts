import type { InputField } from '../../domain/procedure/types'

/** How a database is protected that was a replica, which inherits no backups. */
export const protectionFields = (whose: string): InputField[] => [
  {
    name: 'retentionDays',
    label: 'Keep backups',
    help: whose,
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

/** What was chosen of it, as the run shows it. */
export const describeProtection = (inputs: { retentionDays: number; backupWindow: string; multiAz: 'on' | 'off' }) => [
  { label: 'Keep backups', value: `${inputs.retentionDays} days, window ${inputs.backupWindow} UTC` },
  { label: 'Multi-AZ', value: inputs.multiAz === 'on' ? 'On' : 'Off' },
]
