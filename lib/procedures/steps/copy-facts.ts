import { z } from 'zod'
import type { Difference } from '../../domain/restore/compare'
import type { RestoreAttributes } from '../../domain/restore/restorable'
import type { Finding } from '../../domain/restore/validation'
import {
  baselineSchema,
  type Facts,
  fenceSchema,
  leftSessionsSchema,
  obligationSchema,
  poolerSchema,
  readFacts,
  recoverySchema,
  tableCount,
  writerSchema,
} from '../facts'

const text = z.string().nullable()
const figure = z.number().nullable()

const attributes = z.object({
  engine: z.string(),
  engineVersion: z.string(),
  port: figure,
  subnetGroup: text,
  parameterGroup: text,
  securityGroupIds: z.array(z.string()),
  encrypted: z.boolean(),
  kmsKeyId: text,
  storageType: text,
  iops: figure,
  storageGiB: figure,
  iamAuthentication: z.boolean(),
  logExports: z.array(z.string()),
  deletionProtection: z.boolean(),
  copyTagsToSnapshots: z.boolean(),
  backupRetentionDays: z.number(),
  multiAz: z.boolean(),
}) satisfies z.ZodType<RestoreAttributes>

const source = z.object({
  kind: z.enum(['cluster', 'instance']),
  id: z.string(),
  attributes,
  /** The writer first. */
  instances: z.array(
    z.object({
      instanceClass: z.string(),
      parameterGroup: text,
      promotionTier: figure,
      publiclyAccessible: z.boolean(),
    }),
  ),
  tags: z.record(z.string(), z.string()),
})
export type Source = z.output<typeof source>

const finding = z.object({
  title: z.string(),
  result: z.enum(['passed', 'failed', 'open']),
  says: z.string(),
}) satisfies z.ZodType<Finding>
const difference = z.object({ what: z.string(), source: z.string(), copy: z.string() }) satisfies z.ZodType<Difference>

/** What every recovery fixes and learns that makes a copy beside its source, validates it, and may cut over to it. */
export const copySchema = z
  .object({
    ...writerSchema.shape,
    ...baselineSchema.shape,
    ...poolerSchema.shape,
    ...fenceSchema.shape,
    ...recoverySchema.shape,
    ...obligationSchema.shape,
    ...leftSessionsSchema.shape,
    /** By which its resources are named; fixed when the run was started. */
    nameSuffix: z.string(),
    confirmedAt: z.number(),
    /** Under which name the managed API knew the runner. */
    identity: z.string().nullable(),
    source,
    copyId: z.string(),
    /** Earlier copies, which are kept for comparison. */
    formerCopies: z.array(z.string()),
    /** Since when nothing can be written on the source. */
    frozenAt: z.number().nullable(),
    differences: z.array(difference),
    findings: z.array(finding),
    validatedAt: z.number().nullable(),
    /** What the validated copy held of the damaged tables. */
    goodSample: z.object({ copy: z.string(), tables: z.array(tableCount) }).nullable(),
    /** What it held of every critical table: after a cutover the copy is held against itself. */
    copySample: z.object({ copy: z.string(), tables: z.array(tableCount) }).nullable(),
    /** When the statistics of the copy were made. */
    analyzedAt: z.number().nullable(),
    /** Since when the application may reach the copy: the point of no return. */
    openedAt: z.number(),
  })
  .partial()
export type CopyFacts = z.output<typeof copySchema>

/** The copy, once the application writes to it: what is checked after the cutover is checked there. */
export function successorOf(stored: Facts): string | null {
  const { openedAt, copyId } = readFacts(copySchema, stored).facts
  return openedAt === undefined ? null : (copyId ?? null)
}
