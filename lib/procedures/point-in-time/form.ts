import { readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField } from '../../domain/procedure/types'
import { utcWords } from '../../domain/units'
import type { Surroundings } from '../contract'
import { goalWords } from './approval'
import { figureCheck, type Goal, goals, invariantCheck, mostRestores, type PointInputs } from './inputs'
import { perProbe } from './probes'

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

const only = (...goal: Goal[]) => ({ onlyWith: { goal } })
const toCopy = only('inspect', 'extract', 'cutover')
const withCheck = (...damageCheck: string[]) => ({ onlyWith: { goal: ['find'], damageCheck } })

/** By what a search recognises the damage: what is configured for this environment, and what a person names. */
const checks = ({ database }: Surroundings) => [
  { value: 'table-missing', label: 'A table is missing', note: null },
  { value: 'too-few-rows', label: 'A table has too few rows', note: null },
  ...(database.invariants ?? []).map(({ name }) => ({
    value: `${invariantCheck}${name}`,
    label: `A row breaks "${name}"`,
    note: null,
  })),
  ...(database.businessQueries ?? [])
    .filter(({ atLeast, atMost }) => atLeast !== null || atMost !== null)
    .map(({ name }) => ({ value: `${figureCheck}${name}`, label: `"${name}" is outside its limits`, note: null })),
  { value: 'query', label: 'A query returns true, or a number other than 0', note: null },
]

/** What a search asks, and how far it goes. */
const searchFields = (environment: Surroundings): InputField[] => {
  const text = { type: 'text', default: '' } as const
  const minutes = `${perProbe.lowSeconds / 60} to ${perProbe.highSeconds / 60} min`
  return [
    {
      ...text,
      ...only('find'),
      name: 'lastGoodAt',
      label: 'Last known good',
      help: 'Until when the data was good, with its offset. Empty: the whole restore window is searched.',
    },
    {
      ...only('find'),
      name: 'damageCheck',
      label: 'Recognise the damage by',
      help: 'It is asked of the source first, where it must find the damage, and then of each copy.',
      type: 'choice',
      choices: checks(environment),
      default: 'table-missing',
    },
    {
      ...text,
      ...withCheck('table-missing', 'too-few-rows'),
      name: 'checkTable',
      label: 'Table',
      help: 'With its schema where that is not public.',
    },
    {
      ...withCheck('too-few-rows'),
      name: 'checkRows',
      label: 'Rows expected',
      help: 'A copy with fewer rows is damaged.',
      type: 'number',
      min: 1,
      default: 1,
    },
    {
      ...text,
      ...withCheck('query'),
      name: 'checkQuery',
      label: 'Query',
      help: 'One SELECT. It cannot write, and is cancelled after 60 s on the source and 5 min on a copy.',
    },
    {
      ...only('find'),
      name: 'restores',
      label: 'Temporary copies',
      help: `At most so many, one after the other. Each takes ${minutes} and halves the interval.`,
      type: 'number',
      min: 1,
      max: mostRestores,
      default: 5,
    },
    {
      ...only('find'),
      name: 'withinSeconds',
      label: 'Narrow to',
      help: 'The search ends earlier when the interval is as short as this.',
      type: 'number',
      min: 5,
      max: 3_600,
      unit: 's',
      default: 60,
    },
  ]
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
      ...toCopy,
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
      help: 'When the damage was first seen, with the UTC offset. The restore point must be at least 1 s earlier.',
    },
    ...searchFields(environment),
    {
      ...text,
      ...toCopy,
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
      ...toCopy,
      name: 'instanceCount',
      label: 'Instances',
      help: 'They are created at the same time. A single instance is restored by itself: 0.',
      type: 'number',
      min: 0,
      max: 15,
      default: usualCount(snapshot),
    },
    {
      ...only('cutover'),
      name: 'freeze',
      label: 'Freeze writes',
      help: 'Writing deployments are scaled to 0 and back at the cutover. Clients get errors until then.',
      type: 'choice',
      choices: Object.entries(freezeWords).map(([value, label]) => ({ value, label, note: null })),
      default: 'now',
    },
    {
      ...only('cutover'),
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
      ...only('cutover'),
      name: 'maintenanceBy',
      label: 'Maintenance window approved by',
      help: 'Required. Recorded, and shown to whoever approves.',
    },
    {
      ...text,
      ...only('cutover'),
      name: 'maintenanceAt',
      label: 'Maintenance window approved at',
      help: 'Required: a time with its offset.',
    },
    {
      ...only('cutover'),
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

const searchWords = (inputs: PointInputs) => [
  { label: 'Last known good', value: inputs.lastGoodAt || 'Unknown: the whole restore window' },
  {
    label: 'Check',
    value: [
      inputs.damageCheck,
      ...(inputs.damageCheck === 'query' ? [inputs.checkQuery] : []),
      ...(['table-missing', 'too-few-rows'].includes(inputs.damageCheck) ? [inputs.checkTable] : []),
      ...(inputs.damageCheck === 'too-few-rows' ? [`${inputs.checkRows} rows expected`] : []),
    ].join(': '),
  },
  { label: 'Temporary copies', value: `At most ${inputs.restores}` },
  { label: 'Narrow to', value: `${inputs.withinSeconds} s` },
]

/** What was chosen, as the run shows it. */
export const describeInputs = (inputs: PointInputs) => [
  { label: 'Goal', value: goalWords[inputs.goal] },
  ...(inputs.goal === 'find' ? searchWords(inputs) : [{ label: 'Restore point', value: inputs.at }]),
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
