import type { z } from 'zod'
import type { ChecklistKey } from '../domain/checklist/items'
import type { FenceRights } from '../domain/cluster/fence-rights'
import type { LeftSession } from '../domain/cluster/left-sessions'
import type { Survey, SurveyRequest } from '../domain/cluster/survey'
import type { Snapshot } from '../domain/cluster/types'
import type { AwsQuestion, Call, PoolerAddress } from '../domain/procedure/call'
import { digestOf, type JsonValue } from '../domain/procedure/canonical'
import type { CatalogueEntry } from '../domain/procedure/catalogue'
import type { Check, EffectClass, Estimate, InputField, RunMode } from '../domain/procedure/types'
import type { ApprovalShown } from '../domain/run/run'
import type { ObligationView } from '../domain/run/view'
import type { DatabaseProbe, FenceLook } from '../ports/database'
import type { Fleet } from '../ports/fleet'
import type { Pooler } from '../ports/pooler'
import type { Workloads } from '../ports/workloads'

/** What a procedure knows of its environment; the configuration has this shape and more. No secrets. */
export interface Surroundings {
  name: string
  kind: 'production' | 'staging' | 'lab'
  aws: {
    accountId: string
    region: string
    drRegion: string
    clusterId: string
    crossRegionReplicaId: string | null
    quarantineSecurityGroupId?: string | null
  }
  database: {
    name: string
    user: string
    /** The role that fences; null when there is none. */
    recovery?: { user: string } | null
    applicationRoles: string[]
    criticalTables: string[]
    /** Where the application's numbered commits are and how it tells the last acknowledged one. */
    numberedCommits?: {
      table: string
      writerColumn: string
      numberColumn: string
      metric: string
      writerLabel: string
    } | null
  }
  kubernetes: {
    context: string
    namespace: string
    deployments: string[]
    hostVariable: string
    poolerHosts?: string[]
  } | null
  /** One for each PgBouncer process. */
  poolers: PoolerAddress[]
  policy: { breakGlass: boolean; twoPersons: boolean }
}

/** What the War Room knows of itself, asked during the preflight. */
export interface House {
  /** Another active run on this resource, in words; null when there is none. */
  otherRun(): Promise<string | null>
  /** When the managed API last accepted this operation from this identity, in any run or drill; null when never. */
  lastAccepted(operation: string, identity: string): Promise<number | null>
  storeWritable(): Promise<boolean>
  recordWhole(): Promise<boolean>
  /** People other than the starter who may approve and are signed in; null when that cannot be known. */
  approversOnline(): Promise<number | null>
}

/** What a step may look at. Nothing in here can change anything: effects are calls, and only the runner makes calls. */
export interface World {
  readonly environment: Surroundings
  /**
   * 1 in production; below 1 where a rehearsal's platform is faster than AWS by that factor. Waiting and polling shrink
   * with it, and never fall under what `paced` allows.
   */
  readonly pace: number
  now(): number
  readonly fleet: Fleet
  readonly workloads: Workloads | null
  readonly poolers: readonly Pooler[]
  /** The collector's latest picture; null before the first one. */
  snapshot(): Snapshot | null
  /** Asks one address of the database over a connection of the runner's own. */
  ask<T>(address: { host: string; port: number }, question: (probe: DatabaseProbe) => Promise<T>): Promise<T>
  /** Asks the database as a client of this pooler, over a connection of the runner's own. Throws PortError. */
  askThrough<T>(pooler: PoolerAddress, question: (probe: DatabaseProbe) => Promise<T>): Promise<T>
  /** All addresses of a host, as this machine resolves it now. Throws PortError. */
  resolve(host: string): Promise<string[]>
  /** The application's sessions on one node; null without a role that may look. Throws PortError. */
  applicationSessions(address: { host: string; port: number }): Promise<LeftSession[] | null>
  /** Counts what one node holds, over a connection of its own. Throws PortError. */
  survey(address: { host: string; port: number }, request: SurveyRequest): Promise<Survey>
  /** The last number acknowledged to each writer of the application; null where it does not tell. Throws PortError. */
  acknowledgedNumbers(): Promise<Record<string, number> | null>
  /** The last number of each writer, not above the given one, that a node holds. Throws PortError. */
  heldNumbers(
    address: { host: string; port: number },
    upTo: Record<string, number>,
  ): Promise<Record<string, number | null>>
  /** What keeps the application from writing at one node; null without a role that may look. Throws PortError. */
  lookAtFence(address: { host: string; port: number }): Promise<FenceLook | null>
  /** What the recovery role may do to every role that a fence puts out; null without such a role. Throws PortError. */
  fenceRights(address: { host: string; port: number }): Promise<FenceRights | null>
  readonly house: House
}

export type Facts = { [name: string]: JsonValue }

export interface StepContext<I> {
  runId: string
  mode: RunMode
  inputs: I
  /** Fixed or learnt by this run so far. */
  facts: Facts
  startedAt: number
}

/** How things are, seen before acting. `conflict` is a state that this step must not touch. */
export interface Observation {
  state: 'done' | 'not-started' | 'in-flight' | 'conflict'
  says: string
  facts?: Facts
}

/** One look for the proof. */
export interface Verdict {
  state: 'proved' | 'not-yet' | 'failed'
  says: string
  facts?: Facts
  /** With `not-yet`: how long in all this look's step waits for it, ms in production; people see it run down and may add to it. */
  waitsMs?: number
}

/** A step must not act now, and may soon: what it waits for, and for how long at most, ms in production. */
export interface Wait {
  waitsFor: string
  waitsMs: number
}

/** An earlier step's proof is no longer so: the run does that step again before this one acts. */
export interface DoAgain {
  stepId: string
  because: string
}

/**
 * Another way on than the one that was chosen, which a person may make the run's own: some facts are fixed anew, earlier
 * answers fall, and the run goes over the named steps once more.
 */
export interface Revision {
  kind: 'accept' | 'baseline'
  /** What it is about, such as the node; a decision names what the person saw. */
  subject: string
  label: string
  consequence: string
  facts: Facts
  /** Steps that begin anew, looking first; those that were never begun are left as they are. */
  again: string[]
}

/** The way back from a step: an act of its own, with its own effect class, guard, digest and approval. */
export interface Undo<I> {
  effect: EffectClass
  call(ctx: StepContext<I>): Call
  /** A sentence when it must not be rolled back as things are; null when it may. Asked right before acting. */
  guard?(world: World, ctx: StepContext<I>): Promise<string | null>
  verify(world: World, ctx: StepContext<I>): Promise<Verdict>
}

export interface Step<I> {
  id: string
  /** As people say it: "P1.5". */
  number: string
  title: string
  effect: EffectClass
  estimate: Estimate
  why: string
  provedBy: string
  undoneBy: string | null
  /** This step is the asking itself: it is proved by a valid approval. */
  asks?: true
  /** What a second person is asked before this step, where it is not the procedure's own question; made of facts. */
  ask?(ctx: StepContext<I>, environment: Surroundings): Ask
  /** How a person would look at the same things by hand; shown, never sent. */
  shows?(ctx: StepContext<I>, environment: Surroundings): (Call | AwsQuestion)[]
  /** The effect, as a value made of inputs and facts alone; null when there is nothing to do. */
  call?(ctx: StepContext<I>, environment: Surroundings): Call | null
  /** Where it is decided only at the last moment which call is right: all of them, each with its case. A yes covers all. */
  alternatives?(ctx: StepContext<I>, environment: Surroundings): { when: string; call: Call }[]
  observe?(world: World, ctx: StepContext<I>): Promise<Observation>
  /**
   * A sentence when the step must not act, what it waits for, or an earlier step to be done again; null when it may act.
   * Asked right before acting.
   */
  guard?(world: World, ctx: StepContext<I>): Promise<string | Wait | DoAgain | null>
  verify(world: World, ctx: StepContext<I>, elapsedMs: number): Promise<Verdict>
  /** Between two looks, and until it counts as failed; ms in production, paced elsewhere. */
  everyMs: number
  forMs: number
  /** How many looks in a row must agree. */
  agreeing?: number
  /** How long an unknown outcome is observed before a person is asked, ms. */
  settleMs?: number
  undo?: Undo<I>
  /** A watch may send this step's call again after the run, under the same approval. */
  standing?: true
  /** What a person may decide besides the usual ways on, when this step did not come to its end. */
  revisions?(facts: Facts): Revision[]
  /** What follows from going without it; whoever runs such a step may skip it alone. */
  optional?: string
  /** What of the checklist hangs on it: those items tell when it was skipped. */
  serves?: ChecklistKey[]
}

/** What a second person is asked, made of inputs, facts and the world of this moment. */
export interface Ask {
  title: string
  typeToConfirm: string
  facts: ApprovalShown['facts']
  loss: ApprovalShown['loss']
  /** Steps whose calls this yes covers. */
  covers: string[]
  /** What must still be so when it is used. */
  bound: Facts
}

export interface Procedure<I> extends Omit<CatalogueEntry, 'slug'> {
  slug: string
  version: number
  purpose: string
  chooseWhen: string
  neverWhen: string
  scenarios: string[]
  topologies: Snapshot['topology'][]
  /** Why it cannot be run on what is seen, though it runs on such a shape; null when it can. */
  unfit?(snapshot: Snapshot): string | null
  inputs: z.ZodType<I>
  /** The form, with defaults from the latest picture. */
  fields(snapshot: Snapshot | null, environment: Surroundings): InputField[]
  describeInputs(inputs: I): { label: string; value: string }[]
  /**
   * A run as it would be if it began now: default inputs, names from the latest picture, and `<...>` for what only a run can
   * know. The commands that a procedure's page shows are made of it.
   */
  imagined(snapshot: Snapshot | null, environment: Surroundings): Pick<StepContext<I>, 'inputs' | 'facts'>
  preflight(world: World, ctx: StepContext<I>): Promise<Check[]>
  ask(world: World, ctx: StepContext<I>): Promise<Ask>
  /** Null when a yes to `approved` still covers `now`; a sentence otherwise. */
  outgrown(approved: Facts, now: Facts): string | null
  steps(environment: Surroundings): Step<I>[]
  obligations(facts: Facts): ObligationView[]
}

/** A procedure whose input type has been closed over: what the catalogue holds and the runner runs. */
// biome-ignore lint/suspicious/noExplicitAny: the catalogue holds procedures of different inputs; each parses its own.
export type AnyProcedure = Procedure<any>
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AnyStep = Step<any>

export const procedure = <I>(definition: Procedure<I>): Procedure<I> => definition

/**
 * By which a resumed run knows whether a step is still the one that it started with: the procedure's version and the
 * step's own words, class and timing. Code does not count in, because web and runner carry it in different shapes (one is
 * bundled and minified); whoever changes what a step does raises the procedure's version.
 */
export function definitionHash(version: number, step: AnyStep): string {
  return digestOf({
    version,
    id: step.id,
    number: step.number,
    title: step.title,
    effect: step.effect,
    asks: step.asks ?? false,
    why: step.why,
    provedBy: step.provedBy,
    undoneBy: step.undoneBy,
    everyMs: step.everyMs,
    forMs: step.forMs,
    agreeing: step.agreeing ?? 1,
    undo: step.undo?.effect ?? null,
    standing: step.standing ?? false,
  })
}

/** A production time at this world's pace, never under 40 ms. */
export const paced = (world: Pick<World, 'pace'>, ms: number): number => Math.max(40, ms * world.pace)

/** A limit at this world's pace; in a rehearsal never under ten seconds, because the machine is not faster than any other. */
export const pacedLimit = (world: Pick<World, 'pace'>, ms: number): number =>
  Math.min(ms, Math.max(10_000, ms * world.pace))
