import { z } from 'zod'
import { findingsWords } from '../../domain/restore/validation'
import { byteWords, durationWords, utcWords } from '../../domain/units'
import type { Ask, World } from '../contract'
import { needed } from '../facts'
import { gate } from '../steps/gate'
import { poolerRoutes } from '../steps/pooler-routes'
import type { Ctx } from './copy'
import type { RestoreFacts } from './facts'
import { type Goal, momentOf, type RestoreInputs } from './inputs'

export const goalWords: Record<Goal, string> = {
  inspect: 'Inspect the restored database; the source stays as it is',
  cutover: 'Cut over to the restored database',
}

/** Two people agree on the object, the goal and what is given up. */
export const approve = gate<RestoreInputs, RestoreFacts>({
  id: 'approve',
  title: 'Approve the backup and the loss',
  why: 'What was written after the backup is not in it. Two people look at the object, its sum and that loss.',
  provedBy: 'Approval by a second person for this object version and this loss, at most 10 min old.',
})

export const restoreBound = z.object({
  stage: z.enum(['restore', 'cutover']),
  goal: z.string(),
  source: z.string(),
  bucket: z.string(),
  key: z.string(),
  versionId: z.string().nullable(),
  etag: z.string(),
  sha256: z.string().nullable(),
  copy: z.string(),
  database: z.string(),
  /** Of writes after the backup, until the damage, the freeze or now. */
  lossSeconds: z.number(),
  /** Of the cutover: when the copy was validated, and where it is. */
  validatedAt: z.number().nullable(),
  endpoint: z.string().nullable(),
})
export type RestoreBound = z.output<typeof restoreBound>

/** What the second person is asked: before anything is created, and before the point of no return. */
export async function ask(world: World, ctx: Ctx, stepId: string): Promise<Ask<RestoreBound>> {
  const { facts, inputs } = ctx
  const stage = stepId === approve.id ? 'restore' : 'cutover'
  const backup = needed(facts.backup, 'the backup')
  const copy = needed(facts.copyId, 'the copy')
  const source = needed(facts.source, 'the source').id
  const { database } = world.environment
  const lossMs = Math.max(0, (facts.damageAt ?? facts.frozenAt ?? world.now()) - backup.takenAt)
  const grows = facts.damageAt == null && !facts.frozenAt
  const ofStage =
    stage === 'restore'
      ? [
          { label: 'Goal', value: goalWords[inputs.goal] },
          { label: 'Verified', value: facts.verified ?? 'Skipped by decision' },
        ]
      : [
          { label: 'Validation', value: facts.findings ? findingsWords(facts.findings) : 'Skipped by decision' },
          {
            label: 'Measured recovery point',
            value: facts.targetBeat ? utcWords(facts.targetBeat.at) : 'Unknown: the backup holds no heartbeat',
          },
          {
            label: 'Point of no return',
            value: `The first write on ${copy}. After it, there is no return to ${source}.`,
          },
          ...(await poolerRoutes(world, facts)),
        ]
  const told = (label: string, value: string) => (value === '' ? [] : [{ label, value }])
  return {
    title:
      stage === 'restore'
        ? `Restore the backup of ${utcWords(backup.takenAt)} as ${copy}`
        : `Cut over from ${source} to ${copy}, lose ${durationWords(lossMs)} of writes`,
    typeToConfirm: world.environment.aws.clusterId,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Source', value: source },
      { label: 'Object', value: `s3://${backup.bucket}/${backup.key}` },
      { label: 'Version', value: backup.versionId ?? 'Not versioned' },
      { label: 'SHA-256', value: backup.sha256 ?? 'Not recorded' },
      { label: 'Size', value: byteWords(backup.size) },
      { label: 'Backup taken', value: utcWords(backup.takenAt) },
      { label: 'Copy', value: `${copy}, database ${database.name}` },
      ...ofStage,
      ...told('Loss accepted by', inputs.lossAcceptedBy),
      ...(facts.damageAt == null ? [] : [{ label: 'Damage since', value: utcWords(facts.damageAt) }]),
      ...told('Damaged tables', inputs.damagedTables),
      ...(inputs.maintenanceBy === ''
        ? []
        : [
            {
              label: 'Maintenance window',
              value: `Approved by ${inputs.maintenanceBy} at ${utcWords(momentOf(inputs.maintenanceAt) ?? 0)}`,
            },
          ]),
      ...told('Diagnosis overridden', inputs.overrideReason),
    ],
    loss: {
      atLeast: durationWords(lossMs),
      atMost: grows ? `${durationWords(lossMs)}, and growing until the source is fenced` : durationWords(lossMs),
      confidence: backup.takenBy === 'job' ? 'high' : 'low',
    },
    covers: stage === 'restore' ? ['provision-copy', 'load-backup', 'protect-copy'] : ['fence', 'open-copy'],
    bound: {
      stage,
      goal: inputs.goal,
      source,
      bucket: backup.bucket,
      key: backup.key,
      versionId: backup.versionId,
      etag: backup.etag,
      sha256: backup.sha256,
      copy,
      database: database.name,
      lossSeconds: Math.round(lossMs / 1000),
      validatedAt: stage === 'cutover' ? (facts.validatedAt ?? null) : null,
      endpoint: stage === 'cutover' ? (facts.endpoint?.host ?? null) : null,
    },
  }
}

/** By how much the loss may grow before approval is requested again, s. */
const toleranceSeconds = 300

/** Why an approval no longer holds; null when it does. */
export function outgrown(approved: RestoreBound, now: RestoreBound): string | null {
  const differs = (...members: (keyof RestoreBound)[]) => members.some((member) => approved[member] !== now[member])
  if (differs('stage')) return `The ${approved.stage} was approved, and the ${now.stage} was not.`
  if (differs('bucket', 'key', 'versionId', 'etag', 'sha256')) return `The backup is now another one: ${now.key}.`
  if (differs('copy', 'database')) return `The copy is now ${now.copy}, not ${approved.copy}.`
  if (differs('source', 'goal')) return 'The source or the goal is another one now.'
  if (differs('endpoint', 'validatedAt')) return 'The copy was validated again after the approval.'
  return now.lossSeconds - approved.lossSeconds > toleranceSeconds
    ? `The loss has grown to ${durationWords(now.lossSeconds * 1000)}.`
    : null
}
