import { backupWords, chooseBackup } from '../../domain/backups/choose'
import { lossWords, recoveryPointOf } from '../../domain/backups/recovery-point'
import type { BackupRow } from '../../domain/backups/types'
import type { NeededRight } from '../../domain/cluster/aws-rights'
import type { BackupObject } from '../../domain/procedure/call'
import type { Check } from '../../domain/procedure/types'
import { durationWords, listWords, utcWords } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { BackupsLook, DumpHead } from '../../ports/restore'
import type { Standing } from '../../ports/standing'
import type { Surroundings, World } from '../contract'
import { lookAtFleet } from '../looking'
import { type Answer, block, check, commonChecks, pass, warn } from '../preflight'
import { foreign, lookAtCopy, nameOfCopy, noQuarantine, quarantineOf } from '../steps/copy'
import { keyOf } from '../steps/copy-checks'
import type { Ctx } from './copy'
import { damageIn, momentOf } from './inputs'
import { headOf, notConfigured } from './select'

/** What a restore sends, as the API names it, and to what. */
export function restoreRights({ inputs, facts }: Ctx, environment: Surroundings): NeededRight[] {
  const name = facts.nameSuffix === undefined ? environment.aws.clusterId : nameOfCopy({ inputs, facts }, environment)
  const of = (operation: string, without: string | null = null): NeededRight => ({
    operation,
    resource: { kind: 'db', name },
    without,
  })
  return [
    of('CreateDBInstance'),
    of('ModifyDBInstance'),
    of('DeleteDBInstance', 'Someone else would have to delete a failed copy.'),
  ]
}

/** A copy beside a source that stays as it is needs no emergency; a cutover does. */
const overrideOf = ({ inputs }: Ctx): string =>
  inputs.overrideReason || (inputs.goal === 'cutover' ? '' : 'a copy is made, and the source stays as it is.')

export async function restoreChecks(world: World, ctx: Ctx, estimateSeconds: number): Promise<Check[]> {
  const needs = {
    scenarios: ['S2', 'S3', 'S4'],
    estimateSeconds,
    operations: (_fleet: Standing) => restoreRights(ctx, world.environment),
    overrideReason: overrideOf(ctx),
  }
  const [common, own] = await Promise.all([commonChecks(world, ctx, needs), ownChecks(world, ctx)])
  return [...common, ...own]
}

type Seen = { backups: BackupsLook; row: BackupRow; damageAt: number | null } | { refused: string }

async function chosenNow(world: World, ctx: Ctx): Promise<Seen> {
  const { backups } = world
  if (!backups) return { refused: notConfigured }
  const damageAt = damageIn(world.snapshot(), ctx.inputs)
  const catalogue = await backups.catalogue(damageAt === null ? null : { lastGoodAt: null, firstBadAt: damageAt })
  if (!catalogue) return { refused: 'The buckets have not been read yet, so it is unknown which backups exist.' }
  const chosen = chooseBackup(catalogue, ctx.inputs.backup || null)
  return 'refused' in chosen ? chosen : { backups, row: chosen.row, damageAt }
}

export async function ownChecks(world: World, ctx: Ctx): Promise<Check[]> {
  const { environment } = world
  const { inputs, facts } = ctx
  const seen = chosenNow(world, ctx)
  // Each check that needs it tells its failure; alone it must not end the process.
  seen.catch(() => {})
  const withBackup = async (ask: (found: Exclude<Seen, { refused: string }>) => Promise<Answer> | Answer) => {
    const found = await seen
    return 'refused' in found ? block(found.refused) : await ask(found)
  }
  return await Promise.all([
    check(
      'P4-a',
      'Backup',
      () =>
        withBackup(async ({ backups, row }) => {
          const found = await headOf(backups, row)
          if ('gone' in found) return block(found.gone)
          const age = durationWords(Math.max(0, world.now() - row.takenAt))
          const sum = row.checksum === 'none' ? 'no checksum recorded' : 'with a checksum'
          const says = `${backupWords(row)}, ${age} old, ${sum}, storage class ${row.storageClass}, in the ${row.place === 'own' ? 'own region' : 'other region'}.`
          const doubts = row.warnings.map((one) => one.says)
          return doubts.length > 0 ? warn([says, ...doubts].join(' ')) : pass(says)
        }),
      'block',
    ),
    check('P4-b', 'Data loss', () =>
      withBackup(({ backups, row, damageAt }) => {
        const damage = damageAt === null ? null : { firstBadAt: damageAt }
        const point = recoveryPointOf(row, damage, world.now(), backups.policy.rpo)
        const says = `A restore loses ${lossWords(point)}.`
        if (point.verdict === 'met') return pass(says)
        return inputs.lossAcceptedBy === ''
          ? block(`${says} Enter who accepts that.`)
          : warn(`${says} Accepted by ${inputs.lossAcceptedBy}.`)
      }),
    ),
    check('P4-c', 'Key and version', () =>
      withBackup(async ({ backups, row }) => {
        const [found, source] = await Promise.all([
          headOf(backups, row),
          world.fleet.restorable(environment.aws.clusterId),
        ])
        if ('gone' in found) return block(found.gone)
        const head = await headWith(backups, found.object)
        if ('refused' in head) return block(head.refused)
        const { format, serverVersion } = head
        if (format === 'unknown') return block('Its first bytes can be opened, and are no dump of PostgreSQL.')
        const { engineVersion } = source.attributes
        const from = serverVersion ?? found.head.metadata['server-version'] ?? null
        if (from === null) return warn('The key opens it. Of which version the dump is, it does not say.')
        return isNewer(from, engineVersion)
          ? block(`The dump is of PostgreSQL ${from}, and the new instance would be ${engineVersion}.`)
          : pass(`The key opens it. The dump is of PostgreSQL ${from}; the new instance is ${engineVersion}.`)
      }),
    ),
    check(
      'P4-k',
      'KMS key',
      async () => keyOf((await world.fleet.restorable(environment.aws.clusterId)).attributes, environment),
      'block',
    ),
    check('P4-d', 'Roles', () =>
      withBackup(async ({ backups, row }) => {
        const found = await headOf(backups, row)
        if ('gone' in found) return block(found.gone)
        return (await backups.rolesOf(found.object))
          ? pass('The roles were dumped with it and are loaded first.')
          : warn('No roles were dumped with it. The load is refused where the new instance lacks one.')
      }),
    ),
    check('P4-e', 'Programs', async () => {
      if (!world.loads) return block('This runner is not configured to load backups.')
      const { gpg, psql, pgRestore } = await world.loads.tools()
      const there = (name: string, version: string | null) => (version === null ? [] : [`${name} ${version}`])
      const missing = (name: string, version: string | null, instead: string) =>
        version === null ? [`${name} is not installed: ${instead}`] : []
      const has = [...there('gpg', gpg), ...there('psql', psql), ...there('pg_restore', pgRestore)]
      const lacks = [
        ...missing('gpg', gpg, 'a library decrypts, more slowly.'),
        ...missing('psql', psql, 'plain dumps are loaded over our own connection.'),
        ...missing('pg_restore', pgRestore, 'custom archives cannot be loaded.'),
      ]
      const says = [...(has.length > 0 ? [`${listWords(has)}.`] : []), ...lacks].join(' ')
      return lacks.length > 0 ? warn(says) : pass(says)
    }),
    check(
      'P4-f',
      'Name of the copy',
      async () => {
        if (facts.nameSuffix === undefined) return pass('The name is made when the run starts.')
        const name = nameOfCopy(ctx, environment)
        const found = await lookAtCopy(world, name)
        const theirs = found && foreign(found, ctx.runId)
        return theirs ? block(theirs) : pass(`${name} is free.`)
      },
      'block',
    ),
    check('P4-g', 'Quarantine', () => {
      const group = quarantineOf(environment)
      return group === null
        ? block(noQuarantine)
        : pass(`The backup is loaded in ${group}, which lets the War Room in and not the application.`)
    }),
    check('P4-h', 'Extensions', async () => {
      const { instances, writerId } = await lookAtFleet(world)
      const address = instances.find(({ id }) => id === writerId)?.address
      if (!address) return warn('The writer has no address, so its extensions are unknown.')
      const { extensions } = await world.survey(address, { tables: [], catalogueOnly: true })
      return pass(
        `The source has ${listWords(extensions.map(({ name, version }) => `${name} ${version}`))}. The new instance is checked for them before the first statement.`,
      )
    }),
    ...(inputs.goal === 'cutover'
      ? [
          check('P4-i', 'Fence', () =>
            environment.database.recovery
              ? pass('The recovery role can freeze the source.')
              : block('No recovery role is configured, so the source cannot be fenced and the copy cannot be opened.'),
          ),
          check('P4-j', 'Maintenance window', () =>
            pass(`Approved by ${inputs.maintenanceBy} at ${utcWords(momentOf(inputs.maintenanceAt) ?? 0)}.`),
          ),
        ]
      : []),
  ])
}

/** What the first bytes say. A key that does not open them is no failure to look: nothing can be restored with it. */
async function headWith(backups: BackupsLook, object: BackupObject): Promise<DumpHead | { refused: string }> {
  try {
    return await backups.peek(object)
  } catch (error) {
    if (!(error instanceof PortError) || error.errorClass !== 'config') throw error
    return { refused: error.message }
  }
}

/** A dump of a newer major version uses what an older server does not know. */
function isNewer(dump: string, server: string): boolean {
  const major = (version: string) => Number.parseInt(version, 10)
  return major(dump) > major(server)
}
