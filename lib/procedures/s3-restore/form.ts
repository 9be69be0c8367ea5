import { lossWords, recoveryPointOf } from '../../domain/backups/recovery-point'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField } from '../../domain/procedure/types'
import { byteWords, durationWords, utcMinute } from '../../domain/units'
import type { Surroundings } from '../contract'
import { goalWords } from './approval'
import { damageIn, type Goal, goals, meantIn, type RestoreInputs } from './inputs'

const freezeWords: Record<RestoreInputs['freeze'], string> = {
  now: 'Now, before the restore (recommended)',
  'at-cutover': 'At the cutover: every write until then is lost',
}

/** The backups to choose from, each with its loss or with why it cannot be used. */
function backupField(snapshot: Snapshot | null): InputField {
  const summary = snapshot?.s3Backups.value ?? null
  const now = snapshot?.takenAt ?? 0
  const damageAt = damageIn(snapshot, { firstBadAt: '' })
  const damage = damageAt === null ? null : { firstBadAt: damageAt }
  const best = summary && meantIn(summary, '', damageAt)
  const choices = (summary?.recent ?? []).map(({ key, takenAt, size, reason }) => {
    const late = damageAt !== null && takenAt >= damageAt ? 'It was taken after the damage was first seen.' : null
    const refused = reason ?? late
    const loss = durationWords(recoveryPointOf({ takenAt }, damage, now, summary?.rpo ?? noRpo).lossMs)
    return {
      value: key,
      label: `${utcMinute(takenAt)}, ${byteWords(size)}`,
      note: refused === null ? `Loses ${loss} of writes. ${key}` : `${refused} ${key}`,
      ...(refused !== null && { refused: true as const }),
    }
  })
  return {
    name: 'backup',
    label: 'Backup',
    help: best
      ? `A restore of the recommended one loses ${lossWords(recoveryPointOf(best, damage, now, summary?.rpo ?? noRpo))}.`
      : 'The page of the backups has all of them, with the reasons.',
    type: 'choice',
    choices: [
      {
        value: '',
        label: 'The recommended one when the run begins',
        note: best ? `At present ${best.key}` : 'At present there is none.',
      },
      ...choices,
    ],
    default: '',
  }
}
const noRpo = { targetSeconds: 0, maximumSeconds: 0 }

const cutover = { onlyWith: { goal: ['cutover'] satisfies Goal[] } }

export function fields(snapshot: Snapshot | null, environment: Surroundings): InputField[] {
  const text = { type: 'text', default: '' } as const
  const writer = snapshot?.nodes.find((n) => n.id === snapshot.writerId)
  return [
    {
      name: 'goal',
      label: 'Goal',
      help: 'Inspect changes nothing on the source.',
      type: 'choice',
      choices: goals.map((goal) => ({ value: goal, label: goalWords[goal], note: null })),
      default: 'inspect',
    },
    backupField(snapshot),
    {
      ...text,
      name: 'lossAcceptedBy',
      label: 'Data loss accepted by',
      help: 'The name of who accepts it. Required when the loss is above the RPO target; recorded, and shown to whoever approves.',
    },
    {
      ...text,
      name: 'firstBadAt',
      label: 'First known bad',
      help: 'When the damage was first seen, with the UTC offset. Only older backups are used.',
    },
    {
      ...text,
      name: 'damagedTables',
      label: 'Damaged tables',
      help: 'Separated by commas. Validation checks that their contents on the copy differ.',
    },
    {
      name: 'nameBase',
      label: 'Name of the copy',
      help: 'The time and the run are added to it.',
      type: 'text',
      default: environment.aws.clusterId,
    },
    {
      ...text,
      name: 'instanceClass',
      label: 'Instance class',
      help: `Empty: as the source${writer ? `, ${writer.instanceClass}` : ''}.`,
    },
    {
      name: 'multiAz',
      label: 'Multi-AZ after the load',
      help: 'The load itself runs without a standby and without backups.',
      type: 'choice',
      choices: [
        { value: 'on', label: 'On', note: null },
        { value: 'off', label: 'Off', note: null },
      ],
      default: 'on',
    },
    {
      name: 'retentionDays',
      label: 'Keep backups of the copy',
      help: 'Turned on after the load.',
      type: 'number',
      min: 1,
      max: 35,
      unit: 'days',
      default: 7,
    },
    {
      ...cutover,
      name: 'freeze',
      label: 'Freeze writes',
      help: 'Writing deployments are scaled to 0, and clients get errors until the cutover.',
      type: 'choice',
      choices: Object.entries(freezeWords).map(([value, label]) => ({ value, label, note: null })),
      default: 'now',
    },
    {
      ...cutover,
      name: 'connectionMode',
      label: 'Connections',
      help: 'How the application is routed to the copy.',
      type: 'choice',
      choices: [
        { value: 'auto', label: 'Change every host name of the source', note: null },
        ...(environment.poolers.length > 0 ? [{ value: 'pgbouncer', label: 'Through the pooler', note: null }] : []),
        { value: 'env', label: 'Endpoint of the copy in the pods’ environment', note: null },
      ],
      default: 'auto',
    },
    {
      ...text,
      ...cutover,
      name: 'maintenanceBy',
      label: 'Maintenance window approved by',
      help: 'Required. Recorded, and shown to whoever approves.',
    },
    {
      ...text,
      ...cutover,
      name: 'maintenanceAt',
      label: 'Maintenance window approved at',
      help: 'Required: a time with its offset.',
    },
    {
      ...cutover,
      name: 'retainOldDays',
      label: 'Keep the old database',
      help: 'Nothing deletes it automatically, also afterwards.',
      type: 'number',
      min: 1,
      max: 90,
      unit: 'days',
      default: 7,
    },
    {
      ...text,
      name: 'overrideReason',
      label: 'Override the diagnosis (optional)',
      help: 'Usually left empty. It is recorded and shown to whoever approves.',
    },
  ]
}

/** What was chosen, as the run shows it. */
export const describeInputs = (inputs: RestoreInputs) => [
  { label: 'Goal', value: goalWords[inputs.goal] },
  { label: 'Backup', value: inputs.backup || 'The recommended one' },
  ...(inputs.lossAcceptedBy ? [{ label: 'Data loss accepted by', value: inputs.lossAcceptedBy }] : []),
  ...(inputs.firstBadAt ? [{ label: 'First known bad', value: inputs.firstBadAt }] : []),
  ...(inputs.damagedTables ? [{ label: 'Damaged tables', value: inputs.damagedTables }] : []),
  ...(inputs.instanceClass ? [{ label: 'Instance class', value: inputs.instanceClass }] : []),
  { label: 'Multi-AZ after the load', value: inputs.multiAz === 'on' ? 'On' : 'Off' },
  { label: 'Keep backups of the copy', value: `${inputs.retentionDays} days` },
  ...(inputs.goal === 'cutover'
    ? [
        { label: 'Freeze writes', value: freezeWords[inputs.freeze] },
        { label: 'Maintenance window', value: `Approved by ${inputs.maintenanceBy} at ${inputs.maintenanceAt}` },
        { label: 'Keep the old database', value: `${inputs.retainOldDays} days` },
      ]
    : []),
  ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
]
