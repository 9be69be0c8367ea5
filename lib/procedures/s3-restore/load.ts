import type { LoadState } from '../../domain/restore/loaded'
import { byteWords, listWords } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { Observation, Step, Surroundings, Verdict, World } from '../contract'
import { needed } from '../facts'
import { readOf } from '../previewing'
import {
  copyGone,
  copyMade,
  deleteCall,
  foreign,
  lookAtCopy,
  lookAtInstance,
  made,
  noQuarantine,
  observed,
  openedAlready,
  ownCopy,
  quarantineOf,
} from '../steps/copy'
import { type Ctx, classOf, hardenCall, loadCall, provisionCall } from './copy'
import type { RestoreFacts } from './facts'
import type { RestoreInputs } from './inputs'
import { otherBackups } from './other-backups'

type RestoreStep = Step<RestoreInputs, RestoreFacts>

const copyOf = ({ facts }: Ctx) => needed(facts.copyId, 'the copy')

/** An empty instance, closed to the application. */
export const provision = (environment: Surroundings): RestoreStep => ({
  id: 'provision-copy',
  title: 'Create the instance in quarantine',
  effect: 'SAFE',
  estimate: { lowSeconds: 10 * 60, highSeconds: 30 * 60 },
  why: 'The backup is loaded beside the source, into an instance that only the War Room reaches. It has no standby and no backups yet: both make a load take far longer.',
  provedBy: 'RDS describes the instance as available, with the tag of this run and an address.',
  undoneBy: 'Delete the instance (two persons)',
  everyMs: 15_000,
  forMs: 3_600_000,
  settleMs: 60_000,
  call: (ctx) => provisionCall(ctx, environment),
  async observe(world, ctx): Promise<Observation<RestoreFacts>> {
    const id = copyOf(ctx)
    return observed(id, await lookAtCopy(world, id), ctx.runId)
  },
  async guard(world) {
    return quarantineOf(world.environment) === null ? noQuarantine : null
  },
  async verify(world, ctx): Promise<Verdict<RestoreFacts>> {
    const id = copyOf(ctx)
    const found = await lookAtCopy(world, id)
    if (!found) return { state: 'not-yet', says: `RDS does not describe ${id} yet.` }
    const theirs = foreign(found, ctx.runId)
    if (theirs) return { state: 'failed', says: theirs }
    const verdict = made(id, found.status)
    const owed = copyMade(world, ctx, 'instance', 1, classOf(ctx))
    if (verdict.state !== 'proved') return { ...verdict, facts: owed }
    return found.endpoint
      ? { ...verdict, facts: { ...owed, endpoint: found.endpoint, readerEndpoint: null } }
      : { state: 'not-yet', says: `${id} has no address yet.`, facts: owed }
  },
  undo: {
    effect: 'DANGEROUS',
    call: (ctx) => deleteCall(environment, 'instance', copyOf(ctx)),
    async guard(world, ctx) {
      const found = await lookAtCopy(world, copyOf(ctx))
      return found && (foreign(found, ctx.runId) ?? openedAlready(ctx))
    },
    verify: (world, ctx) => copyGone(world, ctx),
  },
})

/** How far the load is, in words. */
function loadWords(database: string, state: LoadState): string {
  switch (state.kind) {
    case 'none':
      return `There is no database ${database} yet.`
    case 'partial':
      return `${listWords(state.names)} ${state.names.length === 1 ? 'is' : 'are'} partly loaded and not trusted. The next attempt drops ${state.names.length === 1 ? 'it' : 'them'} and begins from an empty database.`
    case 'loaded':
      return `${database} is loaded, and every byte of the backup is verified.`
    case 'other':
      return `${database} exists and was not loaded by this run from this backup. Nothing of it was touched.`
  }
}

async function loadState(world: World, ctx: Ctx): Promise<LoadState> {
  if (!world.loads)
    throw new PortError('config', 'This runner is not configured to load backups.', {
      outcome: 'rejected',
      probe: 'not-configured',
    })
  return await world.loads.state(loadCall(ctx, world.environment))
}

/** From S3 into the database as one stream; nothing is written to a disk on the way. */
export const load = (environment: Surroundings): RestoreStep => ({
  id: 'load-backup',
  title: 'Load the backup',
  effect: 'SAFE',
  estimate: { lowSeconds: 60, highSeconds: 90 * 60 },
  why: 'Rows are loaded before the last byte is verified. Until then the database has another name, and it is dropped on any error.',
  provedBy:
    'The load ended without an error, and checksums and signature match. Jobs are at rest, statistics are current, and the database has its final name.',
  undoneBy: 'Delete the instance (two persons)',
  everyMs: 5_000,
  forMs: 60_000,
  settleMs: 20_000,
  call: (ctx) => loadCall(ctx, environment),
  async observe(world, ctx): Promise<Observation<RestoreFacts>> {
    const state = await loadState(world, ctx)
    const says = loadWords(world.environment.database.name, state)
    return {
      state: state.kind === 'loaded' ? 'done' : state.kind === 'other' ? 'conflict' : 'not-started',
      says,
    }
  },
  async guard(world, ctx) {
    const seen = await ownCopy(world, ctx)
    if ('says' in seen) return seen.says
    const backup = needed(ctx.facts.backup, 'the backup')
    try {
      await world.backups?.head(backup)
      return null
    } catch (error) {
      if (!(error instanceof PortError) || error.errorClass !== 'missing') throw error
      return `${backup.key} was deleted or replaced since it was approved. Choose another backup.`
    }
  },
  async verify(world, ctx): Promise<Verdict<RestoreFacts>> {
    const state = await loadState(world, ctx)
    const says = loadWords(world.environment.database.name, state)
    const { key, size } = needed(ctx.facts.backup, 'the backup')
    return state.kind === 'loaded'
      ? { state: 'proved', says: `${says} From ${key}, ${byteWords(size)}.` }
      : { state: 'failed', says: `${says} Retry, or choose another backup.` }
  },
  revisions: (facts) => otherBackups(facts, 'same-copy'),
})

/** What the load was spared is turned on, and seen to be on. */
export const harden = (environment: Surroundings): RestoreStep => ({
  id: 'protect-copy',
  title: 'Turn on backups and the standby',
  effect: 'SAFE',
  estimate: { lowSeconds: 5 * 60, highSeconds: 60 * 60 },
  why: 'A database without backups or a standby is one fault from the next outage. It is not recovered before both are on.',
  provedBy: 'RDS reports the retention and Multi-AZ as they must be, and no modification is pending.',
  undoneBy: null,
  everyMs: 10_000,
  forMs: 2 * 3_600_000,
  settleMs: 60_000,
  serves: ['backups'],
  shows: (ctx, place) => [readOf(place, 'DescribeDBInstances', { DBInstanceIdentifier: ctx.facts.copyId ?? '' })],
  call: (ctx) => hardenCall(ctx, environment),
  async observe(world, ctx): Promise<Observation<RestoreFacts>> {
    const { state, says } = await lookAtProtection(world, ctx)
    return {
      state:
        state === 'on' ? 'done' : state === 'changing' ? 'in-flight' : state === 'theirs' ? 'conflict' : 'not-started',
      says,
    }
  },
  async verify(world, ctx): Promise<Verdict<RestoreFacts>> {
    const { state, says } = await lookAtProtection(world, ctx)
    return { state: state === 'on' ? 'proved' : state === 'theirs' ? 'failed' : 'not-yet', says }
  },
})

async function lookAtProtection(
  world: World,
  ctx: Ctx,
): Promise<{ state: 'on' | 'off' | 'changing' | 'theirs'; says: string }> {
  const id = copyOf(ctx)
  const found = await lookAtInstance(world, id)
  if (!found) return { state: 'theirs', says: `${id} does not exist.` }
  const theirs = foreign(found, ctx.runId)
  if (theirs) return { state: 'theirs', says: theirs }
  const { multiAz, backupRetentionDays, pending, status } = found
  const { inputs } = ctx
  const standby = multiAz ? 'Multi-AZ is on' : 'Multi-AZ is off'
  const says = `${standby}, backups are kept for ${backupRetentionDays} days${pending.length > 0 ? `, pending: ${listWords(pending)}` : ''}. ${id} is ${status}.`
  if (made(id, status).state !== 'proved' || pending.length > 0) return { state: 'changing', says }
  const right = multiAz === (inputs.multiAz === 'on') && backupRetentionDays === inputs.retentionDays
  return { state: right ? 'on' : 'off', says }
}
