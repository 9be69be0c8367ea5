import { readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField } from '../../domain/procedure/types'
import { utcWords } from '../../domain/units'
import type { Surroundings } from '../contract'
import { goalWords } from './approval'
import { goals, type PointInputs } from './inputs'

const freezeWords: Record<PointInputs['freeze'], string> = {
  now: 'Now, before the restore (recommended)',
  'at-cutover': 'At the cutover: every write until then is lost',
}

export const homeNodes = (snapshot: Snapshot | null) =>
  (snapshot?.nodes ?? []).filter(({ id }) => readNodeKey(id).elsewhere === null)

/** A restored instance comes by itself; a restored cluster gets as many as its source has. */
export const usualCount = (snapshot: Snapshot | null): number =>
  snapshot?.topology === 'instance' ? 0 : Math.min(15, Math.max(1, homeNodes(snapshot).length))

function windowWords(snapshot: Snapshot | null): string {
  const backups = snapshot?.backups.value
  const words = (at: number | null | undefined) => (at == null ? 'not reported' : utcWords(at))
  return `Possible: ${words(backups?.earliestRestorableAt)} to ${words(backups?.latestRestorableAt)}.`
}

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
    {
      name: 'at',
      label: 'Restore point',
      help: windowWords(snapshot),
      type: 'restore-point',
      default: 'latest',
    },
    {
      ...text,
      name: 'firstBadAt',
      label: 'First known bad',
      help: 'When the damage was first there, with its offset. The restore point must be at least 1 s earlier.',
    },
    {
      ...text,
      name: 'damagedTables',
      label: 'Damaged tables',
      help: 'Separated by commas. The validation proves that their contents on the copy are others.',
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
      name: 'instanceCount',
      label: 'Instances',
      help: 'They are created at the same time. A single instance is restored by itself: 0.',
      type: 'number',
      min: 0,
      max: 15,
      default: usualCount(snapshot),
    },
    {
      name: 'freeze',
      label: 'Freeze writes',
      help: 'Only for a cutover. Clients get errors while writes are frozen.',
      type: 'choice',
      choices: Object.entries(freezeWords).map(([value, label]) => ({ value, label, note: null })),
      default: 'now',
    },
    {
      name: 'connectionMode',
      label: 'Connections',
      help: 'Only for a cutover: how the application is routed to the copy.',
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
      name: 'maintenanceBy',
      label: 'Maintenance window approved by',
      help: 'Required for a cutover. Recorded, and shown to whoever approves.',
    },
    {
      ...text,
      name: 'maintenanceAt',
      label: 'Maintenance window approved at',
      help: 'Required for a cutover: a time with its offset.',
    },
    {
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
export const describeInputs = (inputs: PointInputs) => [
  { label: 'Goal', value: goalWords[inputs.goal] },
  { label: 'Restore point', value: inputs.at },
  ...(inputs.firstBadAt ? [{ label: 'First known bad', value: inputs.firstBadAt }] : []),
  ...(inputs.damagedTables ? [{ label: 'Damaged tables', value: inputs.damagedTables }] : []),
  ...(inputs.instanceClass ? [{ label: 'Instance class', value: inputs.instanceClass }] : []),
  { label: 'Instances', value: String(inputs.instanceCount) },
  ...(inputs.goal === 'cutover'
    ? [
        { label: 'Freeze writes', value: freezeWords[inputs.freeze] },
        { label: 'Maintenance window', value: `Approved by ${inputs.maintenanceBy} at ${inputs.maintenanceAt}` },
        { label: 'Keep the old database', value: `${inputs.retainOldDays} days` },
      ]
    : []),
  ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
]
