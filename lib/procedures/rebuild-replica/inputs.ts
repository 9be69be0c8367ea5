import { z } from 'zod'
import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { Snapshot } from '../../domain/cluster/types'
import type { InputField, Prefilled } from '../../domain/procedure/types'

export const rebuildSlug = 'rebuild-replica'

/** Of which database a replica is made in the home region. */
export const rebuildInputs = z.object({
  /** Key of the promoted database in the other region. */
  source: z
    .string()
    .trim()
    .min(1, 'Choose the promoted database.')
    .max(200)
    .refine((key) => readNodeKey(key).elsewhere !== null, 'Choose a database in the other region.'),
  /** Empty: that of the source. */
  instanceClass: z
    .string()
    .trim()
    .regex(/^(db\.[a-z0-9-]+\.[a-z0-9-]+)?$/, 'A class such as db.r6g.2xlarge, or nothing for that of the source.')
    .default(''),
})
export type RebuildInputs = z.output<typeof rebuildInputs>

export function fields(snapshot: Snapshot | null): InputField[] {
  const elsewhere = (snapshot?.nodes ?? []).filter(({ id }) => readNodeKey(id).elsewhere !== null)
  return [
    {
      name: 'source',
      label: 'Promoted database',
      help: 'The database in the other region that serves now. The replica is made of it, in the home region.',
      type: 'choice',
      choices: elsewhere.map(({ id, stateDetail }) => ({ value: id, label: nodeWords(id), note: stateDetail })),
      default: elsewhere[0]?.id ?? '',
    },
    {
      name: 'instanceClass',
      label: 'Instance class',
      help: 'Usually left empty: that of the source.',
      type: 'text',
      default: '',
    },
  ]
}

export const describeInputs = ({ source, instanceClass }: RebuildInputs) => [
  { label: 'Promoted database', value: nodeWords(source) },
  { label: 'Instance class', value: instanceClass || 'As the source' },
]

/** The form filled in for the database that a recovery has promoted. */
export const rebuildOf = (source: string): Prefilled => ({ slug: rebuildSlug, inputs: { source } })
