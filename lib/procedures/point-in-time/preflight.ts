import type { NeededRight } from '../../domain/cluster/aws-rights'
import type { Topology } from '../../domain/cluster/topology'
import type { Check } from '../../domain/procedure/types'
import { oldEnd, pointProblem, readPoint } from '../../domain/restore/point'
import { checkWords } from '../../domain/restore-point/damage-check'
import { listWords, utcWords } from '../../domain/units'
import type { Standing } from '../../ports/standing'
import type { Surroundings, World } from '../contract'
import { needed } from '../facts'
import { lookAtFleet } from '../looking'
import { block, check, commonChecks, pass, warn } from '../preflight'
import { foreign, lookAtCopy, nameOfCopy, quarantineOf } from '../steps/copy'
import { keyOf } from '../steps/copy-checks'
import type { Ctx } from './copy'
import { searchIn } from './find'
import { checkOf, momentOf, tablesIn, wholeName } from './inputs'

/** What a recovery sends, as the API names it, and to what. */
export function pointRights({ inputs, facts }: Ctx, environment: Surroundings, fleet: Standing): NeededRight[] {
  const { clusterId } = environment.aws
  const copy = facts.nameSuffix === undefined ? clusterId : nameOfCopy({ inputs, facts }, environment)
  const alone = fleet.cluster === null
  const kind = alone ? 'db' : 'cluster'
  const of = (operation: string, resource: NeededRight['resource']): NeededRight => ({
    operation,
    resource,
    without: null,
  })
  return [
    of(alone ? 'RestoreDBInstanceToPointInTime' : 'RestoreDBClusterToPointInTime', { kind, name: copy }),
    ...(alone ? [] : [of('CreateDBInstance', { kind: 'db', name: `${copy}-1` })]),
    ...(inputs.goal === 'cutover' ? [of(alone ? 'ModifyDBInstance' : 'ModifyDBCluster', { kind, name: copy })] : []),
    {
      operation: alone ? 'DeleteDBInstance' : 'DeleteDBCluster',
      resource: { kind, name: copy },
      // A search deletes every copy that it makes.
      without: inputs.goal === 'find' ? null : 'Someone else would have to delete a failed copy.',
    },
  ]
}

/** A copy beside a source that stays as it is needs no emergency; a cutover does. */
const overrideOf = ({ inputs }: Ctx): string =>
  inputs.overrideReason || (inputs.goal === 'cutover' ? '' : 'a copy is made, and the source stays as it is.')

export async function pointChecks(world: World, ctx: Ctx, estimateSeconds: number): Promise<Check[]> {
  const needs = {
    scenarios: ['S2', 'S4'],
    estimateSeconds,
    operations: (fleet: Standing) => pointRights(ctx, world.environment, fleet),
    overrideReason: overrideOf(ctx),
  }
  const [common, own] = await Promise.all([commonChecks(world, ctx, needs), ownChecks(world, ctx)])
  return [...common, ...own]
}

/** What a restore needs besides what every procedure does. */
export async function ownChecks(world: World, ctx: Ctx): Promise<Check[]> {
  const { environment } = world
  const { inputs, facts } = ctx
  const source = world.fleet.restorable(environment.aws.clusterId)
  // Each check that needs it tells its failure; alone it must not end the process.
  source.catch(() => {})
  const cutover = inputs.goal === 'cutover'
  return await Promise.all([
    check('P2-t', 'Shape of the database', async () => shapeOf((await lookAtFleet(world)).topology), 'block'),
    check('P2-k', 'KMS key', async () => keyOf((await source).attributes, environment), 'block'),
    check(
      'P2-a',
      'Restore point',
      async () => {
        const { window, attributes } = await source
        if (attributes.backupRetentionDays < 1) return block('The database keeps no automated backups.')
        const now = world.now()
        if (inputs.goal === 'find') {
          const search = searchIn(ctx, window, now)
          return typeof search === 'string'
            ? block(search)
            : pass(`The search looks between ${utcWords(search.fromAt)} and ${utcWords(search.badAt)}.`)
        }
        const point = needed(readPoint(inputs.at), 'the restore point')
        const problem = pointProblem(point, window, { firstBadAt: momentOf(inputs.firstBadAt), now })
        if (problem) return block(problem)
        const at = 'at' in point ? point.at : needed(window.latestAt, 'the latest restorable time')
        const explained = oldEnd(window, now)
        return (explained ? warn : pass)(`${utcWords(at)} is inside the restore window.${explained}`)
      },
      'block',
    ),
    check(
      'P2-b',
      'Name of the copy',
      async () => {
        // Looked at before a run there is no name yet: its suffix makes it free.
        if (facts.nameSuffix === undefined) return pass('The name is made when the run starts.')
        const name = nameOfCopy(ctx, environment)
        const found = await lookAtCopy(world, name)
        const theirs = found && foreign(found, ctx.runId)
        return theirs ? block(theirs) : pass(`${name} is free.`)
      },
      'block',
    ),
    check('P2-c', 'Quarantine', async () => {
      const group = quarantineOf(environment)
      if (!group)
        return block(
          'No recovery security group is configured (aws.recoverySecurityGroupId). A copy would be open immediately.',
        )
      const jobs = await jobsOf(world)
      return jobs.length > 0
        ? (environment.database.recovery ? pass : warn)(
            environment.database.recovery
              ? `${listWords(jobs)} is installed. Jobs of pg_cron are stopped on the copy before anyone uses it. Until then  ${group} lets it reach nobody.`
              : `${listWords(jobs)} is installed, and no recovery role can stop its jobs on the copy. Check that they reach nobody from ${group}.`,
          )
        : pass(`The copy is restored into ${group}, which lets the War Room in and not the application.`)
    }),
    check('P2-d', 'Contents', () => contents(world)),
    ...(cutover
      ? [
          check('P2-e', 'Fence', async () => {
            if (environment.database.recovery) return pass('The recovery role can freeze the source.')
            const { cluster } = await lookAtFleet(world)
            return cluster || !environment.aws.quarantineSecurityGroupId
              ? block('No recovery role is configured, so the source cannot be fenced and the copy cannot be opened.')
              : warn(
                  'No recovery role is configured: the source is fenced at the cutover, by its security group alone.',
                )
          }),
          check('P2-f', 'Maintenance window', () => {
            const at = momentOf(inputs.maintenanceAt)
            return inputs.maintenanceBy === '' || at === null
              ? block('Not confirmed yet: enter who approved the maintenance window, and when.')
              : pass(`Approved by ${inputs.maintenanceBy} at ${utcWords(at)}.`)
          }),
        ]
      : []),
    ...(inputs.goal === 'extract'
      ? [check('P2-g', 'Damaged tables', () => tablesToMerge(world, tablesIn(inputs.damagedTables).map(wholeName)))]
      : []),
    ...(inputs.goal === 'find'
      ? [
          check('P2-h', 'Check for the damage', () => {
            const damage = checkOf(inputs, environment)
            return damage === null ? block('Choose how the damage is recognised.') : pass(checkWords(damage))
          }),
        ]
      : []),
  ])
}

/** What of the tables can be known before the copy is there: one that was dropped is described by the copy alone. */
async function tablesToMerge(world: World, tables: string[]) {
  if (tables.length === 0) return block('Enter the tables whose rows are merged back.')
  const { instances, writerId } = await lookAtFleet(world)
  const address = instances.find(({ id }) => id === writerId)?.address
  if (!world.merges || !address) return pass(`Rows of ${listWords(tables)} are compared and merged back.`)
  const { gone, refused } = await world.merges.unfit({ ...address, database: world.environment.database.name }, tables)
  if (refused.length > 0) return block(refused.map(({ table, why }) => `${table} cannot be merged. ${why}`).join(' '))
  const there = tables.filter((table) => !gone.includes(table))
  return pass(
    [
      ...(there.length > 0 ? [`Rows of ${listWords(there)} are compared and merged back.`] : []),
      ...(gone.length > 0
        ? [`The database has no ${listWords(gone)} now. The copy shows whether that can be created again.`]
        : []),
    ].join(' '),
  )
}

/** Each shape is restored by calls of its own; one that this version does not make is refused, never pretended. */
function shapeOf(topology: Topology) {
  switch (topology) {
    case 'hybrid':
    case 'aurora':
      return pass('RDS restores the cluster, and the run creates its instances.')
    case 'instance':
      return pass('RDS restores one instance, with a single call.')
    case 'multi_az_cluster':
      return block('This is a Multi-AZ DB cluster. This version cannot restore one. Follow the runbook manually.')
    case 'unknown':
      return block('RDS reports an unsupported database topology; no procedure can run on it.')
  }
}

/** Extensions that start work by themselves, and so also on a copy (fault 27 of the runbook). */
const working = ['pg_cron', 'pg_partman', 'aws_lambda', 'pg_net']

async function catalogueOf(world: World) {
  const { instances, writerId } = await lookAtFleet(world)
  const address = instances.find(({ id }) => id === writerId)?.address
  return address ? await world.survey(address, { tables: [], catalogueOnly: true }) : null
}

const jobsOf = async (world: World): Promise<string[]> =>
  (await catalogueOf(world))?.extensions.flatMap(({ name }) => (working.includes(name) ? [name] : [])) ?? []

/** What a restore leaves behind: unlogged tables are empty, slots are gone (faults 24 and 28 of the runbook). */
async function contents(world: World) {
  const survey = await catalogueOf(world)
  if (!survey) return warn('The writer has no address, so its contents are unknown.')
  const { unlogged, slots } = survey
  const logical = slots.filter(({ kind }) => kind === 'logical').map(({ name }) => name)
  const words = [
    ...(unlogged.length > 0 ? [`Unlogged tables are empty on the copy: ${listWords(unlogged)}.`] : []),
    ...(logical.length > 0
      ? [`Logical slots are not on the copy: ${listWords(logical)}. Consumers need a new snapshot.`]
      : []),
  ]
  return words.length > 0 ? warn(words.join(' ')) : pass('No unlogged table and no logical slot.')
}
