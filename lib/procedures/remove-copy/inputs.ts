import { z } from 'zod'
import type { InputField } from '../../domain/procedure/types'
import type { MadeCopy } from '../../domain/restore/copy'

const identifier = /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/

/** Which copy, and the run that made it: by both together it is known. */
export const removalInputs = z.object({
  copy: z.string().trim().regex(identifier, 'Enter the name of the copy, as its run shows it.'),
  madeBy: z
    .string()
    .trim()
    .regex(/^\d{8}t\d{4}z-[0-9a-f]{6}$/, 'Enter the whole name of the run that made it.'),
  /** Of a restored cluster; an instance that was restored by itself has none besides. */
  instances: z.coerce.number().int('a whole number').min(0, 'not below 0').max(15, 'at most 15').default(1),
})
export type RemovalInputs = z.output<typeof removalInputs>

export const fields = (): InputField[] => [
  {
    name: 'copy',
    label: 'Copy',
    help: 'It is deleted only while nothing but the War Room reaches it.',
    type: 'text',
    default: '',
  },
  {
    name: 'madeBy',
    label: 'Made by run',
    help: 'The copy and each of its instances must carry the tag of this run.',
    type: 'text',
    default: '',
  },
  {
    name: 'instances',
    label: 'Instances',
    help: 'Instances of a restored cluster, deleted before it. 0 for a single instance.',
    type: 'number',
    min: 0,
    max: 15,
    default: 1,
  },
]

export const describeInputs = ({ copy, madeBy, instances }: RemovalInputs) => [
  { label: 'Copy', value: copy },
  { label: 'Made by run', value: madeBy },
  { label: 'Instances', value: String(instances) },
]

/** The form filled in for a copy that a run has left. */
export const removalOf = ({ id, kind, instances }: MadeCopy, madeBy: string): RemovalInputs => ({
  copy: id,
  madeBy,
  instances: kind === 'cluster' ? instances : 0,
})
