import { z } from 'zod'
import type { BackupObject } from '../../domain/procedure/call'
import { copySchema } from '../steps/copy-facts'

const object = {
  place: z.enum(['own', 'copy']),
  bucket: z.string(),
  region: z.string(),
  key: z.string(),
  versionId: z.string().nullable(),
  etag: z.string(),
  size: z.number(),
}
const backupObject = z.object(object) satisfies z.ZodType<BackupObject>

/** What a restore from a backup fixes and learns: what its shared steps need, and its own. */
export const restoreFacts = z
  .object({
    ...copySchema.shape,
    /** The version that is restored, and the moment that its data is said to be of, ms. */
    backup: z.object({
      ...object,
      sha256: z.string().nullable(),
      takenAt: z.number(),
      takenBy: z.enum(['job', 'upload']),
      storageClass: z.string(),
    }),
    roles: backupObject.nullable(),
    /** Usable ones that are older, which may be restored from instead. */
    others: z.array(z.object({ key: z.string(), takenAt: z.number(), lossMs: z.number() })),
    /** A person chose another one than the one of the inputs, seeing what it loses. */
    otherBackup: z.string(),
    /** Up to which moment writes are counted as lost: the damage, ms; null counts up to now. */
    damageAt: z.number().nullable(),
    masterUsername: z.string(),
    verified: z.string(),
  })
  .partial()
export type RestoreFacts = z.output<typeof restoreFacts>
