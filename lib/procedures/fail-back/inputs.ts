import { z } from 'zod'
import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField, Prefilled } from '../../domain/procedure/types'
import { regionInputs } from '../region-recovery/inputs'
import { describeProtection, protectionFields } from '../steps/protection-form'

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
  /** A host of pods at home that already leads to the database stays as it is. */
  connectionMode: z.literal('auto').default('auto'),
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
    ...protectionFields('Of the database at home. A replica has none.'),
  ]
}

export const describeInputs = (inputs: FailBackInputs) => [
  { label: 'Database that serves now', value: nodeWords(inputs.source) },
  { label: 'Replica at home', value: inputs.target },
  ...describeProtection(inputs),
]

/** The form filled in for a replica that a run has rebuilt. */
export const failBackOf = (source: string, target: string): Prefilled => ({
  slug: failBackSlug,
  inputs: { source, target },
})
