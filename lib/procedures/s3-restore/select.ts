import { backupWords, chooseBackup, olderThan } from '../../domain/backups/choose'
import { lossWords, recoveryPointOf } from '../../domain/backups/recovery-point'
import type { BackupRow, ObjectHead } from '../../domain/backups/types'
import type { BackupObject } from '../../domain/procedure/call'
import { durationWords } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { BackupsLook } from '../../ports/restore'
import type { Step, Verdict, World } from '../contract'
import { readOf } from '../previewing'
import { foreign, lookAtCopy, nameOfCopy } from '../steps/copy'
import { sourceNow } from '../steps/source'
import type { Ctx } from './copy'
import type { RestoreFacts } from './facts'
import { damageIn, momentOf, type RestoreInputs } from './inputs'
import { otherBackups } from './other-backups'

export const notConfigured = 'No backups in S3 are configured for this environment.'
const boundsOf = (damageAt: number | null) => (damageAt === null ? null : { lastGoodAt: null, firstBadAt: damageAt })

/** Which version is restored, what that loses, and whether somebody accepts it. Everything later steps need is fixed here. */
export const selectBackup: Step<RestoreInputs, RestoreFacts> = {
  id: 'select-backup',
  title: 'Select the backup',
  effect: 'READ',
  estimate: { lowSeconds: 2, highSeconds: 15 * 60 },
  why: 'The newest object may be a checksum file, cut off, or taken after the damage. Each is judged, and each refusal has its reason.',
  provedBy:
    'The backup is the newest usable one before the damage, or was chosen by a person. It still exists, its loss is allowed or accepted, and the name of the copy is free.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 120_000,
  shows: (_ctx, environment) => [
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
  ],
  verify: selectNow,
  revisions: (facts) => otherBackups(facts, 'same-copy'),
}

async function selectNow(world: World, ctx: Ctx): Promise<Verdict<RestoreFacts>> {
  const { backups } = world
  const failed = (says: string, facts?: RestoreFacts): Verdict<RestoreFacts> => ({
    state: 'failed',
    says,
    ...(facts && { facts }),
  })
  if (!backups) return failed(notConfigured)
  const damageAt = damageIn(world.snapshot(), ctx.inputs)
  const seen = await sourceNow(world, ctx.facts, momentOf(ctx.inputs.firstBadAt) ?? damageAt)
  if ('state' in seen) return seen
  const { masterUsername } = seen.found
  if (masterUsername === null) return failed(`RDS names no master user of ${seen.found.id}.`)
  const catalogue = await backups.catalogue(boundsOf(damageAt))
  if (!catalogue) return { state: 'not-yet', says: 'The buckets have not been read yet.' }
  const chosen = chooseBackup(catalogue, ctx.facts.otherBackup ?? (ctx.inputs.backup || null))
  if ('refused' in chosen) return failed(chosen.refused, { others: othersIn(catalogue.rows, world.now(), damageAt) })
  const { row } = chosen
  const others = othersIn(olderThan(catalogue, row), world.now(), damageAt)
  const found = await headOf(backups, row)
  if ('gone' in found) return failed(found.gone, { others })
  const { object, head } = found
  const rpo = backups.policy.rpo
  const point = recoveryPointOf(row, damageAt === null ? null : { firstBadAt: damageAt }, world.now(), rpo)
  const accepted = ctx.inputs.lossAcceptedBy !== '' || ctx.facts.otherBackup !== undefined
  if (point.verdict !== 'met' && !accepted)
    return failed(
      `A restore from ${row.key} loses ${lossWords(point)}, and nobody has accepted that. Start again with a name.`,
    )
  const copyId = nameOfCopy(ctx, world.environment)
  const taken = await lookAtCopy(world, copyId)
  const theirs = taken && foreign(taken, ctx.runId)
  if (theirs) return failed(theirs)
  const rejected = catalogue.rows.filter(({ verdict, takenAt }) => verdict === 'rejected' && takenAt > row.takenAt)
  const newer = rejected.map(({ key, reasons }) => ` Newer and rejected: ${key}. ${reasons[0]?.says ?? ''}`).join('')
  return {
    state: 'proved',
    says: `${backupWords(row)}. A restore loses ${durationWords(point.lossMs)} of writes.${newer} The copy will be ${copyId}.`,
    facts: {
      ...seen.facts,
      masterUsername,
      damageAt,
      copyId,
      others,
      backup: {
        ...object,
        sha256: sumOf(head),
        takenAt: row.takenAt,
        takenBy: row.takenBy,
        storageClass: row.storageClass,
      },
      roles: await backups.rolesOf(object),
    },
  }
}

const othersIn = (rows: readonly BackupRow[], now: number, damageAt: number | null) =>
  rows
    .filter(({ verdict }) => verdict !== 'rejected')
    .slice(0, 10)
    .map(({ key, takenAt }) => ({ key, takenAt, lossMs: Math.max(0, (damageAt ?? now) - takenAt) }))

/** The object of a row as it is now. One that was deleted or replaced since the buckets were read is gone. */
export async function headOf(
  backups: BackupsLook,
  { key, place, etag, versionId, size }: BackupRow,
): Promise<{ object: BackupObject; head: ObjectHead } | { gone: string }> {
  const where = backups.buckets[place]
  if (!where) return { gone: `The bucket of ${key} is not configured any more.` }
  const object = { place, ...where, key, versionId, etag, size }
  try {
    return { object, head: await backups.head(object) }
  } catch (error) {
    if (!(error instanceof PortError) || error.errorClass !== 'missing') throw error
    return { gone: `${key} was deleted or replaced since the buckets were read. Choose another backup.` }
  }
}

/** The sum that the object is known by: the job's word, else S3's own of the whole object. */
function sumOf({ metadata, checksum }: ObjectHead): string | null {
  const said = metadata.checksum?.trim().toLowerCase()
  if (said) return said
  return checksum?.algorithm === 'SHA256' && checksum.type === 'FULL_OBJECT'
    ? [...atob(checksum.value)].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
    : null
}

/** Read to its end before two people approve it: a changed byte, a wrong signature and a cut end show only there. */
export const verifyObject: Step<RestoreInputs, RestoreFacts> = {
  id: 'verify-object',
  title: 'Verify the object',
  effect: 'READ',
  estimate: { lowSeconds: 5, highSeconds: 3_600 },
  why: 'Comparing two stored checksums proves nothing. All bytes are read, hashed, decrypted and parsed; nothing is stored.',
  provedBy:
    'SHA-256 matches S3 and the backup job. The backup decrypts, its signature is valid if required, and the dump is complete.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 24 * 3_600_000,
  async verify(world, ctx): Promise<Verdict<RestoreFacts>> {
    const { backups } = world
    const { backup } = ctx.facts
    if (!backups || !backup) return { state: 'failed', says: notConfigured }
    const found = await backups.verification(backup)
    switch (found.state) {
      case 'running': {
        const percent = backup.size === 0 ? 0 : Math.floor((100 * found.bytes) / backup.size)
        return { state: 'not-yet', says: `Reading it to its end: ${percent} %.` }
      }
      case 'broke-off':
        return { state: 'failed', says: `${backup.key} could not be read to its end. ${found.says}` }
      case 'ended':
        return found.check.ok
          ? {
              state: 'proved',
              says: `${backup.key} is complete. ${found.check.says}`,
              facts: { verified: found.check.says },
            }
          : { state: 'failed', says: `${backup.key} cannot be used. ${found.check.says}` }
    }
  },
  revisions: (facts) => otherBackups(facts, 'same-copy'),
}
