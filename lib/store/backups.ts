import { z } from 'zod'
import type { BackupCheck, CatalogueSample } from '../domain/backups/types'
import type { BackupStore } from '../ports/backups'
import type { Store } from './client'
import { query } from './query'

const headSchema = z.object({
  versionId: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  checksum: z
    .object({
      algorithm: z.enum(['SHA256', 'other']),
      type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
      value: z.string(),
    })
    .nullable(),
  replication: z.enum(['pending', 'completed', 'failed', 'replica']).nullable(),
  retrieved: z.object({ until: z.number().nullable() }).nullable(),
  archiveTier: z.string().nullable(),
})
const listingSchema = z.object({
  bucket: z.string(),
  region: z.string(),
  objects: z.array(
    z.object({
      key: z.string(),
      size: z.number(),
      uploadedAt: z.number(),
      etag: z.string(),
      storageClass: z.string(),
      head: headSchema.nullable(),
    }),
  ),
  older: z.number(),
  error: z.string().nullable(),
  headError: z.string().nullable(),
})
const sampleSchema = z.object({ at: z.number(), own: listingSchema, copy: listingSchema.nullable() })

/** Both buckets as they were last read; null before the first time, and when another version wrote it. Throws ExpectedError. */
export async function readCatalogueSample(
  store: Pick<Store, 'pool'>,
  environment: string,
): Promise<CatalogueSample | null> {
  const { rows } = await query(store, 'SELECT sample FROM backup_catalogue WHERE environment = $1', [environment])
  const parsed = sampleSchema.safeParse(rows[0]?.sample)
  return parsed.success ? parsed.data : null
}

/** Diagnosis of every version that was read to its end. Throws ExpectedError. */
export async function readBackupChecks(store: Pick<Store, 'pool'>, environment: string): Promise<BackupCheck[]> {
  const { rows } = await query(
    store,
    `SELECT bucket, key, etag, round(extract(epoch FROM at) * 1000)::float8 AS at, ok, says
     FROM backup_check WHERE environment = $1`,
    [environment],
  )
  return rows as BackupCheck[]
}

export const backupStore = (store: Pick<Store, 'pool'>): BackupStore => ({
  async save(environment, sample) {
    await query(
      store,
      // Written over by what is newer alone: a runner that hung must not put an old picture back.
      `INSERT INTO backup_catalogue (environment, at, sample) VALUES ($1, to_timestamp($2::float8 / 1000), $3)
       ON CONFLICT (environment) DO UPDATE SET at = excluded.at, sample = excluded.sample WHERE backup_catalogue.at <= excluded.at`,
      [environment, sample.at, JSON.stringify(sample)],
    )
  },
  checks: (environment) => readBackupChecks(store, environment),
  async saveCheck(environment, { bucket, key, etag, at, ok, says }) {
    await query(
      store,
      `INSERT INTO backup_check (environment, bucket, key, etag, at, ok, says)
       VALUES ($1, $2, $3, $4, to_timestamp($5::float8 / 1000), $6, $7)
       ON CONFLICT (environment, bucket, key, etag) DO UPDATE SET at = excluded.at, ok = excluded.ok, says = excluded.says`,
      [environment, bucket, key, etag, at, ok, says],
    )
  },
})
