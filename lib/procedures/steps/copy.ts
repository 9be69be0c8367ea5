import { rdsStatus } from '../../domain/cluster/rds-status'
import type { AwsCall } from '../../domain/procedure/call'
import { type Difference, differences, type Expected } from '../../domain/restore/compare'
import type { MadeCopy } from '../../domain/restore/copy'
import { deletionMet, owesDeletion } from '../../domain/restore/made-copy'
import { copyName } from '../../domain/restore/names'
import { type Restorable, runTag } from '../../domain/restore/restorable'
import type { Copy, Finding, Measured } from '../../domain/restore/validation'
import type { Obligation } from '../../domain/run/obligation'
import type { FleetInstance } from '../../ports/fleet'
import { PortError } from '../../ports/port-error'
import type { Observation, Revision, StepContext, Surroundings, Verdict, World } from '../contract'
import { needed, type ObligationFacts } from '../facts'
import { placeholder } from '../previewing'
import type { CopyFacts } from './copy-facts'

/* A copy beside its source: how it is called, what it must be, and whether what is found under its name is the run's own. */

/** What a procedure knows of the copy that it makes. */
export interface CopyMaker<I, F extends CopyFacts = CopyFacts> {
  /** What the copy holds: everything up to "the restore point". */
  upTo: string
  /** What may be chosen when it is not right: "another restore point". */
  another: string
  kind(facts: F): 'cluster' | 'instance'
  /** What it must be, before it serves and once it does. */
  expected(ctx: StepContext<I, F>, environment: Surroundings, serves: boolean): Expected
  /** Tables that people say are damaged. */
  damaged(inputs: I): string[]
  /** Does the application move to it? */
  cutsOver(inputs: I): boolean
  judge(ctx: StepContext<I, F>, copy: Omit<Copy, 'at'>, measured: Measured): Finding[]
  revisions(facts: F): Revision<F>[]
  /** What remains to be done besides what remains after every cutover. */
  duties(ctx: StepContext<I, F>): Obligation[]
}

/** The name of the run's present copy, from what was fixed when the run was started. */
export const nameOfCopy = (
  { inputs, facts }: { inputs: { nameBase: string }; facts: CopyFacts },
  environment: Surroundings,
): string =>
  copyName(
    inputs.nameBase || environment.aws.clusterId,
    needed(facts.nameSuffix, 'the names'),
    (facts.formerCopies?.length ?? 0) + 1,
  )

/** Members that are known: one that is not is left out, so that the API's own rule holds. */
export const given = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
export const optional = <T>(value: T | null): T | undefined => value ?? undefined

export const tagged = (tags: Record<string, string>, runId: string) => [
  // Tags of AWS itself cannot be given, and those of an earlier run are not this run's.
  ...Object.entries(tags)
    .filter(([key]) => !/^aws:/i.test(key) && key !== runTag)
    .map(([Key, Value]) => ({ Key, Value })),
  { Key: runTag, Value: runId },
]
/** The same as they are read again. */
export const tagsOf = (tags: Record<string, string>, runId: string): Record<string, string> =>
  Object.fromEntries(tagged(tags, runId).map(({ Key, Value }) => [Key, Value]))

/** Lets in the War Room alone. Null where none is configured: then the guard lets no copy be made. */
export const quarantineOf = ({ aws }: Surroundings): string | null => aws.recoverySecurityGroupId ?? null
export const groupOf = (environment: Surroundings): string =>
  quarantineOf(environment) ?? placeholder('recovery security group')
export const noQuarantine = 'No recovery security group is configured, so a copy would be open immediately.'

/** Deletes the copy, or one of its instances, without a last snapshot: what it holds is the backup's. */
export const deleteCall = (environment: Surroundings, kind: 'cluster' | 'instance', id: string): AwsCall => {
  const aws = { kind: 'aws', service: 'rds', region: environment.aws.region } as const
  return kind === 'cluster'
    ? { ...aws, operation: 'DeleteDBCluster', input: { DBClusterIdentifier: id, SkipFinalSnapshot: true } }
    : { ...aws, operation: 'DeleteDBInstance', input: { DBInstanceIdentifier: id, SkipFinalSnapshot: true } }
}

async function unlessMissing<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof PortError && error.errorClass === 'missing') return null
    throw error
  }
}

/** Everything that was made under a name; null where nothing is. Throws PortError when that is not known. */
export const lookAtCopy = (world: World, id: string): Promise<Restorable | null> =>
  unlessMissing(() => world.fleet.restorable(id))

export const lookAtInstance = (world: World, name: string): Promise<FleetInstance | null> =>
  unlessMissing(() => world.fleet.instance(name, world.environment.aws.region))

/** Is what stands under the name this run's own? A sentence when it is somebody else's, which nothing may touch. */
export const foreign = (found: { id: string; tags: Record<string, string> }, runId: string): string | null =>
  found.tags[runTag] === runId
    ? null
    : `${found.id} exists and is not this run's: its tag ${runTag} is ${found.tags[runTag] ?? 'missing'}. Nothing of it was touched. Start a run with another name.`

/** The copy as this run's own, or why it is not, as a verdict. */
export async function ownCopy(
  world: World,
  ctx: { runId: string; facts: CopyFacts },
): Promise<{ copy: Restorable } | { says: string }> {
  const id = needed(ctx.facts.copyId, 'the copy')
  const copy = await lookAtCopy(world, id)
  if (!copy) return { says: `${id} does not exist.` }
  const theirs = foreign(copy, ctx.runId)
  return theirs ? { says: theirs } : { copy }
}

/** How the copy differs from what it must be. */
export const copyDifferences = <I>(
  maker: Pick<CopyMaker<I>, 'expected'>,
  ctx: StepContext<I, CopyFacts>,
  environment: Surroundings,
  copy: Restorable,
  serves: boolean,
): Difference[] => differences(maker.expected(ctx, environment, serves), copy)

/** What a status word of something that is being made means for the run. */
export function made(id: string, status: string): Pick<Verdict<never>, 'state' | 'says'> {
  const judged = rdsStatus(status)
  switch (judged.kind) {
    case 'usable':
      return { state: 'proved', says: `${id} is ${status}.` }
    case 'broken':
      return { state: 'failed', says: `RDS reports ${id} as ${status}: ${judged.reason}. Roll back to delete it.` }
    case 'changing':
    case 'unknown':
      return { state: 'not-yet', says: `${id} is ${status}.` }
  }
}

/** What is under the name of something that a step makes, before it is made. */
export function observed(
  id: string,
  found: { id: string; status: string; tags: Record<string, string> } | null,
  runId: string,
): Observation<never> {
  if (!found) return { state: 'not-started', says: `There is no ${id} yet.` }
  const theirs = foreign(found, runId)
  if (theirs) return { state: 'conflict', says: theirs }
  const { state, says } = made(id, found.status)
  // A broken one is found as it is; the look for the proof names it and its way back.
  return { state: state === 'proved' ? 'done' : 'in-flight', says }
}

/** Why this run does not delete its copy any more; null while it may. */
export const openedAlready = ({ facts }: { facts: CopyFacts }): string | null =>
  facts.openedAt === undefined ? null : 'The application writes to this copy. It is not deleted by this run.'

export async function gone(id: string, look: () => Promise<{ status: string } | null>): Promise<Verdict<never>> {
  const found = await look()
  return found
    ? { state: 'not-yet', says: `${id} is ${found.status}.` }
    : { state: 'proved', says: `${id} does not exist any more.` }
}

type Owing = { facts: CopyFacts & ObligationFacts }

/** What a run keeps as soon as its copy is there: somebody must delete it, whatever becomes of the run. */
export function copyMade(
  world: Pick<World, 'now'>,
  { facts }: Owing,
  kind: MadeCopy['kind'],
  instances: number,
  instanceClass: string,
): { obligations: Obligation[] } | undefined {
  const id = needed(facts.copyId, 'the copy')
  const obligations = owesDeletion(facts.obligations, { id, kind, instances, instanceClass, madeAt: world.now() })
  return obligations && { obligations }
}

/** The copy was rolled back: it is seen gone, and nobody has to delete it any more. */
export async function copyGone(world: World, { facts }: Owing): Promise<Verdict<{ obligations?: Obligation[] }>> {
  const id = needed(facts.copyId, 'the copy')
  const verdict = await gone(id, () => lookAtCopy(world, id))
  const obligations = verdict.state === 'proved' ? deletionMet(facts.obligations, id) : undefined
  return { ...verdict, ...(obligations && { facts: { obligations } }) }
}
