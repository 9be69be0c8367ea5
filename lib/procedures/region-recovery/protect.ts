import { nodeWords } from '../../domain/cluster/node-key'
import type { AwsCall } from '../../domain/procedure/call'
import type { FleetInstance } from '../../ports/fleet'
import type { Observation, Step, StepContext, Surroundings, Verdict } from '../contract'
import { duty, needed, withObligation } from '../facts'
import { readOf } from '../previewing'
import type { RegionFacts } from './facts'
import type { RegionInputs } from './inputs'
import { placeOf, replicaOf } from './replica'

type Inputs = Pick<RegionInputs, 'retentionDays' | 'backupWindow' | 'multiAz'>
type Facts = Pick<RegionFacts, 'target' | 'obligations'>
type Ctx = StepContext<Inputs, Facts>

function settings(ctx: Ctx, environment: Surroundings): AwsCall {
  const { name, region } = placeOf(needed(ctx.facts.target, 'the replica').id, environment)
  const { retentionDays, backupWindow, multiAz } = ctx.inputs
  return {
    kind: 'aws',
    service: 'rds',
    operation: 'ModifyDBInstance',
    region,
    input: {
      DBInstanceIdentifier: name,
      BackupRetentionPeriod: retentionDays,
      PreferredBackupWindow: backupWindow,
      MultiAZ: multiAz === 'on',
      DeletionProtection: true,
      ApplyImmediately: true,
    },
  }
}

/** What a replica does not inherit and the promotion did not set, each as a sentence; empty when all is as chosen. */
export function unprotected(found: FleetInstance, { inputs }: Pick<Ctx, 'inputs'>): string[] {
  const multiAz = inputs.multiAz === 'on'
  return [
    ...(found.backupRetentionDays === inputs.retentionDays
      ? []
      : [`Backups are kept ${found.backupRetentionDays} days, not ${inputs.retentionDays}.`]),
    ...(found.backupWindow === inputs.backupWindow
      ? []
      : [`The backup window is ${found.backupWindow ?? 'not shown'}, not ${inputs.backupWindow}.`]),
    ...(found.deletionProtection ? [] : ['It is not protected from deletion.']),
    ...(found.multiAz === multiAz || found.pending.includes('MultiAZ')
      ? []
      : [`Multi-AZ is ${found.multiAz ? 'on' : 'off'}.`]),
  ]
}

/** Nothing else keeps the data of this region now. */
export const protect: Step<Inputs, Facts> = {
  id: 'protect',
  title: 'Turn on backups and protection',
  effect: 'SAFE',
  estimate: { lowSeconds: 60, highSeconds: 600 },
  why: 'A replica inherits neither backups nor a standby nor deletion protection from its source.',
  provedBy:
    'RDS reports the chosen retention, window and deletion protection, and no change waits for a maintenance window. A conversion to Multi-AZ may still run, and the first backup may be missing: both stay open.',
  undoneBy: null,
  everyMs: 5_000,
  forMs: 10 * 60_000,
  settleMs: 30_000,
  serves: ['backups'],
  call: settings,
  shows: (ctx, environment) => {
    const { name, region } = placeOf(needed(ctx.facts.target, 'the replica').id, environment)
    return [{ ...readOf(environment, 'DescribeDBInstances', { DBInstanceIdentifier: name }), region }]
  },
  async observe(world, ctx): Promise<Observation<Facts>> {
    const found = await replicaOf(world, ctx.facts)
    const lacks = unprotected(found, ctx)
    return lacks.length === 0
      ? { state: 'done', says: `${nodeWords(found.id)} has the chosen protection.` }
      : { state: 'not-started', says: lacks.join(' ') }
  },
  async verify(world, ctx): Promise<Verdict<Facts>> {
    const found = await replicaOf(world, ctx.facts)
    const name = nodeWords(found.id)
    const lacks = unprotected(found, ctx)
    if (lacks.length > 0) return { state: 'not-yet', says: lacks.join(' ') }
    const waiting = found.pending.filter((value) => value !== 'MultiAZ')
    if (waiting.length > 0) return { state: 'not-yet', says: `Changes wait for ${name}: ${waiting.join(', ')}.` }
    const converting = ctx.inputs.multiAz === 'on' && !found.multiAz
    const owed = [
      ...(converting
        ? [
            duty(
              'multi-az',
              `See ${name} become Multi-AZ`,
              'RDS converts it while it serves; until then it has no standby.',
            ),
          ]
        : []),
      ...(found.latestRestorableAt === null
        ? [duty('first-backup', `See the first backup of ${name}`, 'RDS reports no restorable time of it yet.')]
        : []),
    ]
    return {
      state: 'proved',
      says: `${name} keeps backups ${found.backupRetentionDays} days and is protected from deletion.${owed.length > 0 ? ` Open: ${owed.map(({ title }) => title).join('; ')}.` : ''}`,
      facts: {
        obligations: owed.reduce(
          (all, each) => withObligation({ obligations: all }, each),
          ctx.facts.obligations ?? [],
        ),
      },
    }
  },
}
