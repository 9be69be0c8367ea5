import type { z } from 'zod'
import type { ChecklistKey } from '../domain/checklist/items'
import type { FenceRights } from '../domain/cluster/fence-rights'
import type { LeftSession } from '../domain/cluster/left-sessions'
import type { Survey, SurveyRequest } from '../domain/cluster/survey'
import type { Snapshot } from '../domain/cluster/types'
import type { EnvironmentKind } from '../domain/environment'
import type { MovedName } from '../domain/names/agreement'
import type { FollowedName } from '../domain/names/types'
import type { Manifest } from '../domain/procedure/apply-call'
import type { AwsQuestion, Call, PoolerAddress } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import type { CatalogueEntry } from '../domain/procedure/catalogue'
import type { Check, EffectClass, Estimate, InputField, RunMode, Stage } from '../domain/procedure/types'
import type { Outbox } from '../domain/restore/copy-work'
import type { BusinessQuery } from '../domain/restore/validation'
import type { Baseline } from '../domain/run/baseline'
import type { Measure } from '../domain/run/measure'
import type { Obligation } from '../domain/run/obligation'
import type { NumberRange } from '../domain/run/one-sided'
import type { ApprovalShown, SentCall } from '../domain/run/run'
import type { Application } from '../ports/application'
import type { DatabaseProbe, FenceLook } from '../ports/database'
import type { Fleet } from '../ports/fleet'
import type { NamesLook } from '../ports/names'
import type { Pooler } from '../ports/pooler'
import type { MergeReader } from '../ports/reconcile'
import type { BackupsLook, RestoreReader } from '../ports/restore'
import type { Workloads } from '../ports/workloads'
import type { Facts, FactsSchema } from './facts'

/** The application as it is started in the other region. */
export interface DrApplication {
  /** Of the application there. */
  namespace: string | null
  manifests: Manifest[]
  /** Pods there by deployment; of one that is not named as many as at home. */
  replicas: { [deployment: string]: number }
  /** The infrastructure that it needs: a plan that was reviewed, and that a person applies. */
  terraform: { planFile: string; sha256: string } | null
}

/** What a procedure knows of its environment; the configuration has this shape and more. No secrets. */
export interface Surroundings {
  name: string
  kind: EnvironmentKind
  aws: {
    accountId: string
    region: string
    drRegion: string
    clusterId: string
    crossRegionReplicaId: string | null
    quarantineSecurityGroupId?: string | null
    /** Lets in the War Room and not the application. */
    recoverySecurityGroupId?: string | null
  }
  database: {
    name: string
    user: string
    /** The role that fences; null when there is none. */
    recovery?: { user: string } | null
    applicationRoles: string[]
    criticalTables: string[]
    /** What the business counts, with what passes. */
    businessQueries?: BusinessQuery[]
    /** Queries whose every row breaks a rule of the application. */
    invariants?: { name: string; sql: string }[]
    /** How the application's outbox is turned off on a copy. */
    outbox?: Outbox | null
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
    /** Carries the port beside a host without one. */
    portVariable?: string
    /** Context of the other region's cluster. */
    drContext?: string | null
    drApplication?: DrApplication | null
  } | null
  /** One for each PgBouncer process. */
  poolers: PoolerAddress[]
  /** DNS names of the database and the API; null where none are configured. */
  names?: MovableNames | null
  policy: { breakGlass: boolean; twoPersons: boolean }
}

export interface MovableNames {
  records: MovableName[]
  /** The object by whose presence an inverted health check moves the database's name. */
  switchObject: { bucket: string; key: string; region: string } | null
}

export interface MovableName extends FollowedName {
  zoneId: string
  /** Where a name without a failover pair is to lead in the recovery region; null where that is not configured. */
  recoveryValue?: string | null
}

/** What the War Room knows of itself, asked during the preflight. */
export interface House {
  /** Another active run on this resource, in words; null when there is none. */
  otherRun(): Promise<string | null>
  /** When the managed API last accepted this operation of this identity, in any run or drill; null when never. */
  lastAccepted(operation: string, identity: string): Promise<number | null>
  storeWritable(): Promise<boolean>
  /** By which host the store is reached; null where nobody knows. */
  storeHost(): string | null
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
  /** The cluster in which the application is started in the other region; null where none is configured. */
  readonly application: Omit<Application, 'apply'> | null
  readonly poolers: readonly Pooler[]
  /** What was compared and merged; null without a role that may. */
  readonly merges: MergeReader | null
  /** The backups in S3; null where none are configured. */
  readonly backups: BackupsLook | null
  /** Names and their resolvers; null where no names are configured. */
  readonly names: NamesLook | null
  /** What was loaded from them; null where nothing can be loaded. */
  readonly loads: RestoreReader | null
  /** The collector's latest picture; null before the first one. */
  snapshot(): Snapshot | null
  /** Asks one address of the database over a connection of the runner's own. */
  ask<T>(address: { host: string; port: number }, question: (probe: DatabaseProbe) => Promise<T>): Promise<T>
  /** Asks the database as a client of this pooler, over a connection of the runner's own. Throws PortError. */
  askThrough<T>(pooler: PoolerAddress, question: (probe: DatabaseProbe) => Promise<T>): Promise<T>
  /** All addresses of a host, as this machine resolves it now. Throws PortError. */
  resolve(host: string): Promise<string[]>
  /**
   * The application's sessions on one node that are older than so many seconds: 0 for all of them. Null without a role that may
   * look. Throws PortError.
   */
  applicationSessions(address: { host: string; port: number }, olderThanSeconds: number): Promise<LeftSession[] | null>
  /** Counts what one node holds, over a connection of its own. Throws PortError. */
  survey(address: { host: string; port: number }, request: SurveyRequest): Promise<Survey>
  /** The last number acknowledged to each writer of the application; null where it does not tell. Throws PortError. */
  acknowledgedNumbers(): Promise<Record<string, number> | null>
  /** The last number of each writer, not above the given one, that a node holds. Throws PortError. */
  heldNumbers(
    address: { host: string; port: number },
    upTo: Record<string, number>,
  ): Promise<Record<string, number | null>>
  /**
   * The numbers of each writer that a node holds, as runs of consecutive ones; null where the application does not number its
   * commits. Throws PortError.
   */
  numberRanges(address: { host: string; port: number }): Promise<NumberRange[] | null>
  /** What keeps the application from writing at one node; null without a role that may look. Throws PortError. */
  lookAtFence(address: { host: string; port: number }): Promise<FenceLook | null>
  /** What the recovery role may do to every role that a fence puts out; null without such a role. Throws PortError. */
  fenceRights(address: { host: string; port: number }): Promise<FenceRights | null>
  readonly house: House
}

export type { Facts }

export interface StepContext<I, F = Facts> {
  runId: string
  mode: RunMode
  inputs: I
  /** Fixed or learnt by this run so far. */
  facts: F
  startedAt: number
  /** The newest call of each step that was sent to change something, by step: how it ended, and what it was answered. */
  sent?: { readonly [stepId: string]: SentCall }
}

/** How things are, seen before acting. `conflict` is a state that this step must not touch. */
export interface Observation<F = Facts> {
  state: 'done' | 'not-started' | 'in-flight' | 'conflict'
  says: string
  facts?: F
}

/** One look for the proof. */
export interface Verdict<F = Facts> {
  state: 'proved' | 'not-yet' | 'failed'
  says: string
  facts?: F
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
export interface Revision<F = Facts> {
  kind: 'accept' | 'anew'
  /** What it is about, such as the node; a decision names what the person saw. */
  subject: string
  label: string
  consequence: string
  facts: F
  /** Steps that begin anew, looking first; those that were never begun are left as they are. */
  again: string[]
}

/** The way back from a step: an act of its own, with its own effect class, guard, digest and approval. */
export interface Undo<I, F> {
  effect: EffectClass
  call(ctx: StepContext<I, F>, environment: Surroundings): Call
  /** A sentence when it must not be rolled back as things are; null when it may. Asked right before acting. */
  guard?(world: World, ctx: StepContext<I, F>): Promise<string | null>
  verify(world: World, ctx: StepContext<I, F>): Promise<Verdict<F>>
}

/**
 * One step of a runbook. `I` and `F` are what it needs of its procedure's inputs and facts; a shared step is typed by that
 * part alone, and any procedure that has it can use the step.
 */
export interface Step<I, F> {
  id: string
  title: string
  effect: EffectClass
  /** It runs at the same time as its neighbours of the same stage. */
  stage?: Stage
  estimate: Estimate
  why: string
  provedBy: string
  undoneBy: string | null
  /** This step is the asking itself: it is proved by a valid approval. */
  asks?: true
  /** What a second person is asked before this step, where it is not the procedure's own question; made of facts. */
  ask?(ctx: StepContext<I, F>, environment: Surroundings): Ask<Facts>
  /** How a person would look at the same things manually; shown, never sent. */
  shows?(ctx: StepContext<I, F>, environment: Surroundings): (Call | AwsQuestion)[]
  /** The effect, as a value made of inputs and facts alone; null when there is nothing to do. */
  call?(ctx: StepContext<I, F>, environment: Surroundings): Call | null
  /** Where it is decided only at the last moment which call is right: all of them, each with its case. A yes covers all. */
  alternatives?(ctx: StepContext<I, F>, environment: Surroundings): { when: string; call: Call }[]
  observe?(world: World, ctx: StepContext<I, F>): Promise<Observation<F>>
  /**
   * A sentence when the step must not act, what it waits for, or an earlier step to be done again; null when it may act.
   * Asked right before acting.
   */
  guard?(world: World, ctx: StepContext<I, F>): Promise<string | Wait | DoAgain | null>
  verify(world: World, ctx: StepContext<I, F>, elapsedMs: number): Promise<Verdict<F>>
  /** Between two looks, and until it counts as failed; ms in production, paced elsewhere. */
  everyMs: number
  forMs: number
  /** How many looks in a row must agree. */
  agreeing?: number
  /** How long an unknown outcome is observed before a person is asked, ms. */
  settleMs?: number
  undo?: Undo<I, F>
  /** A watch may send this step's call again after the run, under the same approval. */
  standing?: true
  /**
   * A yes to this call covers it for so long after it was given, ms, and not only while the effects of the run follow each other
   * closely. For the removal of what the run itself has made, under names that were shown.
   */
  approvedForMs?: number
  /**
   * What a person says to this step while it looks for its proof: kept with who said it as the fact `answer/<id of the step>`, and
   * said again until the step has ended.
   */
  answer?: z.ZodType
  /** What a person may decide besides the usual ways on, when this step did not come to its end. */
  revisions?(facts: F): Revision<F>[]
  /** What follows from going without it; whoever runs such a step may skip it alone. */
  optional?: string
  /** What of the checklist hangs on it: those items tell when it was skipped. */
  serves?: ChecklistKey[]
  /** From its beginning a run holds traffic in the pooler, until a step that releases it has ended. */
  traffic?: 'holds' | 'releases'
}

/** What a watcher knows besides what a step does: why nothing may be sent for this run by the runner's own policy, or null. */
export interface WatchContext<I, F> extends StepContext<I, F> {
  refused: string | null
}

/** News of a watcher: a sentence for the record, and facts to keep with the run, obligations among them. */
interface News<F> {
  says: string
  facts: F
  /** People must look now. */
  alarm?: true
}

/** What one look of a watcher found. */
export interface Sight<F> {
  /** What of it is news to a run that knows these facts; null when nothing is. Asked again when the run has moved meanwhile. */
  news(facts: F): News<F> | null
  /** A call to send under the approval that the run was given for that step. It is looked at again right afterwards. */
  send?: { stepId: string; call: Call; because: string }
}

/** Looks at the world after a run, or beside it, for a week after the run was started, or as many days as it says. */
export interface Watcher<I, F> {
  /** The step that its entries in the record belong to. */
  stepId: string
  title: string
  /** Between two looks, ms in production. */
  everyMs: number
  /**
   * Which runs it looks after, dry runs aside: those that fixed all of these facts, whose step of that id has ended, and that
   * are over and still owe something whose id begins so.
   */
  after: { facts: string[]; ended?: string; owes?: string; days?: number }
  /** What it asks of a run, whichever version that was of: the rest of its facts need not be readable. */
  facts: FactsSchema<F>
  /** What it looks at for this run, and all that the run has the newest word on: an older run is not asked about that. */
  subject?(facts: F): { of: string; settles: string[] }
  /** Throws PortError where nothing can be known now. */
  look(world: World, ctx: WatchContext<I, F>): Promise<Sight<F>>
}
// biome-ignore lint/suspicious/noExplicitAny: a procedure's watchers ask different facts; each parses its own.
export type AnyWatcher = Watcher<any, any>

/** What a second person is asked, made of inputs, facts and the world of this moment. */
export interface Ask<B = Facts> {
  title: string
  typeToConfirm: string
  facts: ApprovalShown['facts']
  loss: ApprovalShown['loss']
  /** Steps whose calls this yes covers. */
  covers: string[]
  /** What must still be so when it is used. */
  bound: B
}

/** A runbook as it is written; `procedure` makes what the catalogue holds of it. */
export interface Runbook<I, F, B> extends Omit<CatalogueEntry, 'slug'> {
  slug: string
  version: number
  purpose: string
  chooseWhen: string
  neverWhen: string
  topologies: Snapshot['topology'][]
  inputs: z.ZodType<I>
  /** The same while a person still fills in the form; what is missing blocks as a prerequisite. */
  draft?: z.ZodType<I>
  /** What its runs fix and learn, by name. Stored facts are parsed by it before any step sees them. */
  facts: FactsSchema<F>
  /** The form, with defaults from the latest picture. */
  fields(snapshot: Snapshot | null, environment: Surroundings): InputField[]
  /**
   * What was entered and cannot be used as things are now, by field, which the schema alone cannot tell; null when all can.
   * Without a picture only what no snapshot is needed for is refused.
   */
  refuses?(inputs: I, seen: { snapshot: Snapshot | null; now: number }): { [field: string]: string } | null
  describeInputs(inputs: I): { label: string; value: string }[]
  /** What a run with these inputs is called, where that is not the procedure's title. */
  titleOf?(inputs: I): string | null
  /**
   * A run as it would be if it began now: default inputs, names from the latest picture, and `<...>` for what only a run can
   * know. The commands that a procedure's page shows are made of it.
   */
  imagined(snapshot: Snapshot | null, environment: Surroundings): Pick<StepContext<I, F>, 'inputs' | 'facts'>
  preflight(world: World, ctx: StepContext<I, F>): Promise<Check[]>
  /** `stepId`: the step that cannot go on without it. Steps of one stage ask each for itself. */
  ask(world: World, ctx: StepContext<I, F>, stepId: string): Promise<Ask<B>>
  /** What a yes is bound to, as it is stored with the approval. */
  bound: z.ZodType<B>
  /** Null when a yes to `approved` still covers `now`; a sentence otherwise. */
  outgrown(approved: B, now: B): string | null
  /** Of a run with these inputs; without any, all that a run may come to have. */
  steps(environment: Surroundings, inputs?: I): Step<I, F>[]
  /** What a run still owes, and what it no longer does. */
  obligations(facts: F): Obligation[]
  /** What a run measured, made of these stored facts alone: reports, clocks and trends show it. */
  measures: { facts: string[]; of(stored: Facts): Measure[] }
  /** What was there before a run changed anything, as far as it noted that: the checklist compares with it. */
  baseline?(stored: Facts): Baseline | null
  /** Names that a run has moved, and where they must lead since; null while it has moved none. */
  movedNames?(stored: Facts): MovedName[] | null
  /** The database that has taken the place of the guarded one in this run; null while none has. */
  successor?(stored: Facts): string | null
  watchers: AnyWatcher[]
}

/** A step in its place: its number is as people say it, "P1.5". */
export type NumberedStep<I, F> = Omit<Step<I, F>, 'revisions'> & {
  number: string
  /** Of the facts as they are stored; none while they cannot be read. */
  revisions?(stored: Facts): Revision<F>[]
}

/** What the catalogue holds (procedure.ts): whatever is stored comes in as it is stored, and is parsed before it is used. */
export interface Procedure<I, F, B> extends Omit<Runbook<I, F, B>, 'steps' | 'bound' | 'outgrown' | 'obligations'> {
  steps(environment: Surroundings, inputs?: I): NumberedStep<I, F>[]
  /** Null when a yes to `approved` still covers `now`; a sentence otherwise, also when either cannot be read. */
  outgrown(approved: Facts, now: Facts): string | null
  obligations(stored: Facts): Obligation[]
}

/** A procedure whose own types have been closed over: what the runner runs. */
// biome-ignore lint/suspicious/noExplicitAny: the catalogue holds procedures of different inputs and facts; each parses its own.
export type AnyProcedure = Procedure<any, any, any>
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AnyStep = NumberedStep<any, any>

/**
 * By which a resumed run knows whether a step is still the one that it started with: the procedure's version and the
 * step's own words, class and timing. Code does not count in, because web and runner carry it in different shapes (one is
 * bundled and minified); whoever changes what a step does raises the procedure's version. Neither does its number, which
 * follows from its place: a run keeps the places of its steps and compares them one by one.
 */
export function definitionHash(version: number, step: Omit<AnyStep, 'number'>): string {
  return digestOf({
    version,
    id: step.id,
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
    ...(step.stage && { stage: { ...step.stage } }),
  })
}

/** A production time at this world's pace, never under 40 ms. */
export const paced = (world: Pick<World, 'pace'>, ms: number): number => Math.max(40, ms * world.pace)

/** A limit at this world's pace; in a rehearsal never under ten seconds, because the machine is not faster than any other. */
export const pacedLimit = (world: Pick<World, 'pace'>, ms: number): number =>
  Math.min(ms, Math.max(10_000, ms * world.pace))
