import { randomUUID } from 'node:crypto'
import type { Actor } from '../domain/actor'
import { ExpectedError } from '../domain/errors'
import type { Permission } from '../domain/people/permissions'
import type { PersonRef } from '../domain/people/person'
import type { Call } from '../domain/procedure/call'
import { canonicalJson, digestOf } from '../domain/procedure/canonical'
import { renderCall } from '../domain/procedure/render'
import type { RecordDraft } from '../domain/record/chain'
import {
  type Approval,
  type ApprovalShown,
  type CoveredCall,
  type Run,
  type RunStep,
  sentCalls,
} from '../domain/run/run'
import type { StepEvent } from '../domain/run/states'
import type { OutputLine } from '../domain/run/view'
import { PortError } from '../ports/port-error'
import type { AnyProcedure, AnyStep, Ask, Facts, StepContext, World } from '../procedures/contract'
import { readFacts } from '../procedures/facts'
import { callsOf } from '../procedures/previewing'
import { dropApproval, requestApproval } from '../store/approval'
import type { Store } from '../store/client'
import { type Fence, makeMoves, type RecordedMove, type RunMove, saySentence } from '../store/run-moves'
import { appendOutput } from '../store/run-output'
import type { SendCall } from './effects'
import { type Turn, TurnOver } from './turn'

/** What was decided by the person who is asked about. */
interface Decided {
  run: Run
  /** The approval that lets a dangerous call be sent, and that call; null for any other decision. */
  approved: { approval: Approval; call: { stepId: string; digest: string } } | null
}

/** What the engine works with. */
export interface EngineSettings {
  store: Store
  /** Name of the environment whose runs are driven. */
  environment: string
  turn: Turn
  send: SendCall
  catalogue: (procedureId: string) => AnyProcedure | null
  worldFor: (run: Run) => World
  /**
   * Null when this person may still do this; a sentence otherwise. Asked right before each effect. With a run, its decision takes a
   * second person; with the approval that a call rests on, that approval is looked at as well.
   */
  authorise: (person: PersonRef, permission: Permission, decided?: Decided) => Promise<string | null>
  /** Told after each change, so that screens read again. */
  onChanged: (runId: string) => void
  log: (level: 'info' | 'warn' | 'error', message: string, detail: Record<string, unknown>) => void
  /** Longest wait for one call's answer, ms. */
  callLimitMs: number
}

/** A run as it was read, and moves of it that the store refuses once the lease is lost. Needs no definition. */
export class OpenRun {
  #said: Promise<unknown> = Promise.resolve()

  constructor(
    readonly engine: EngineSettings,
    readonly run: Run,
  ) {}

  fence(): Fence {
    const fence = this.engine.turn.fence()
    if (!fence) throw new TurnOver()
    return fence
  }

  actor(): Actor {
    const fence = this.fence()
    return { kind: 'runner', name: fence.holder, epoch: fence.epoch }
  }

  draft(kind: string, text: string, stepId: string | null, evidence?: unknown): RecordDraft {
    return {
      kind,
      actor: this.actor(),
      text,
      runId: this.run.id,
      incidentNumber: this.run.incidentNumber,
      stepId,
      evidence,
    }
  }

  /** A move of a step with what is recorded of it. */
  stepMove(
    step: RunStep,
    event: StepEvent,
    more: { sentence?: string; facts?: Facts; touched?: boolean; skippedBy?: PersonRef & { reason: string } } = {},
  ): RecordedMove {
    const text = `${step.title}: ${more.sentence ?? event}`
    const evidence = more.facts ? { event, facts: more.facts } : { event }
    const draft = this.draft(`step.${event}`, text, step.stepId, evidence)
    return { stepId: step.stepId, from: step.state, event, ...more, draft }
  }

  /** A move of the run with what is recorded of it. */
  runMove(move: Omit<RunMove, 'from'>, text: string, evidence?: unknown): RecordedMove {
    const draft = this.draft(`run.${move.event}`, text, null, evidence)
    return { stepId: null, from: this.run.state, ...move, draft }
  }

  /** Makes moves one after the other, in one transaction. False where one was not made: what it is about is elsewhere by now. */
  async makeMoves(...moves: RecordedMove[]): Promise<boolean> {
    if (moves.length === 0) return true
    const made = await makeMoves(this.engine.store, this.fence(), this.run.id, moves)
    this.changed()
    return made === moves.length
  }

  /** Moves a step and says so. Throws TurnOver when the fence is gone; a step that somebody else moved is read again. */
  async move(...of: Parameters<OpenRun['stepMove']>): Promise<boolean> {
    const moved = await this.makeMoves(this.stepMove(...of))
    if (!moved && !this.engine.turn.holds()) throw new TurnOver()
    return moved
  }

  async moveRun(...of: Parameters<OpenRun['runMove']>): Promise<boolean> {
    return await this.makeMoves(this.runMove(...of))
  }

  /** Lines are written in the order in which they are said, also where nobody waits for one before saying the next. */
  async say(stepId: string | null, kind: OutputLine['kind'], text: string): Promise<void> {
    const lines = text.split('\n').map((line) => ({ stepId, kind, text: line }))
    const saying = this.#said.then(() => appendOutput(this.engine.store, this.run.id, lines))
    this.#said = saying.catch(() => {})
    await saying
    this.changed()
  }

  /** The step's sentence and a line of output, when it is news. */
  async tell(step: RunStep, kind: OutputLine['kind'], sentence: string): Promise<void> {
    if (sentence === step.sentence) return
    step.sentence = sentence
    await Promise.all([
      saySentence(this.engine.store, this.fence(), this.run.id, step.stepId, sentence),
      this.say(step.stepId, kind, sentence),
    ])
  }

  changed(): void {
    this.engine.onChanged(this.run.id)
  }

  /** Ends an open or approved request for approval of a step, and says why. */
  async dropApproval(
    id: string,
    state: 'void' | 'expired',
    why: string,
    { stepId }: Pick<RunStep, 'stepId'>,
  ): Promise<void> {
    await dropApproval(this.engine.store, id, state, this.draft(`approval.${state}`, why, stepId, { id }))
    await this.say(stepId, 'warning', why)
  }
}

/** A run with its definition: what its steps look at and are made of. */
export class RunContext extends OpenRun {
  readonly world: World
  readonly ctx: StepContext<unknown, unknown>
  readonly steps: AnyStep[]

  constructor(
    engine: EngineSettings,
    run: Run,
    readonly procedure: AnyProcedure,
    inputs: unknown,
    facts: unknown,
  ) {
    super(engine, run)
    this.world = engine.worldFor(run)
    this.steps = procedure.steps(this.world.environment, inputs)
    const sent = sentCalls(run)
    this.ctx = { runId: run.id, mode: run.mode, inputs, facts, startedAt: run.startedAt, sent }
  }

  /** For a hand that works besides others: what it learns and says stays its own until it is read from the store. */
  copy(): RunContext {
    const { inputs, facts } = structuredClone({ inputs: this.ctx.inputs, facts: this.ctx.facts })
    return new RunContext(this.engine, structuredClone(this.run), this.procedure, inputs, facts)
  }

  /** What a step returned, before it is stored. Throws when the procedure could not read it again. */
  learn(learnt: Facts | undefined): void {
    if (!learnt) return
    const { facts, unreadable } = readFacts(this.procedure.facts, { ...this.run.facts, ...learnt })
    if (unreadable.length > 0) throw new Error(`A step returned facts that nobody can read: ${unreadable.join(', ')}`)
    Object.assign(this.run.facts, learnt)
    this.ctx.facts = facts
  }

  /** What a second person is asked before this step: its own question, or the procedure's. */
  async askFor(stepId: string): Promise<Ask> {
    const own = this.steps.find(({ id }) => id === stepId)?.ask
    return own ? own(this.ctx, this.world.environment) : await this.procedure.ask(this.world, this.ctx, stepId)
  }

  /** What of that which an approval is bound to no longer holds, in words; null when all does. */
  async outgrown({ stepId }: Pick<RunStep, 'stepId'>, { bound }: Pick<Approval, 'bound'>): Promise<string | null> {
    const now = (await this.askFor(stepId)).bound
    if (!this.steps.find(({ id }) => id === stepId)?.ask) return this.procedure.outgrown(bound, now)
    return canonicalJson(bound) === canonicalJson(now) ? null : 'What was shown has changed.'
  }

  /** Requests approval of the effects that a procedure asks for, as things are now; open requests are withdrawn. */
  async requestApproval(step: RunStep): Promise<void> {
    const ask = await this.askFor(step.stepId)
    const covered = ask.covers.flatMap((stepId) => this.steps.find((s) => s.id === stepId) ?? [])
    const commands = covered.flatMap((definition) =>
      callsOf(definition, this.ctx, this.world.environment).map(({ when, call }) => ({
        stepId: definition.id,
        title: when === null ? definition.title : `${definition.title}. ${when}`,
        cli: renderCall(call),
        digest: digestOf(call),
        ...(definition.standing && { standing: true as const }),
        ...(definition.approvedForMs !== undefined && { forMs: definition.approvedForMs }),
      })),
    )
    await this.#request(step, ask, commands, null)
  }

  /** Requests approval of rolling a step back, by a person other than the one who asked for it. */
  async requestUndoApproval(step: RunStep, call: Call, askedBy: PersonRef): Promise<void> {
    const cli = renderCall(call)
    const title = `Roll back: ${step.title}`
    const facts = [
      { label: 'Environment', value: this.run.environment },
      { label: 'Cluster', value: this.run.cluster },
      { label: 'Requested by', value: askedBy.name },
    ]
    const ask = { title, typeToConfirm: this.run.cluster, facts, loss: null, bound: {} }
    const command = { stepId: step.stepId, title, cli, digest: digestOf(call), direction: 'undo' as const }
    await this.#request(step, ask, [command], askedBy.id)
  }

  async #request(
    step: RunStep,
    ask: Omit<Ask, 'covers'>,
    calls: (CoveredCall & { title: string; cli: string })[],
    askedForId: string | null,
  ): Promise<void> {
    const commands = calls.map(({ stepId, title, cli, digest }) => ({ stepId, title, cli, digest }))
    const covers = calls.map(({ title: _title, cli: _cli, ...covered }) => covered)
    const shown: ApprovalShown = { environment: this.run.environment, facts: ask.facts, loss: ask.loss, commands }
    const digest = approvalDigest(this.run, shown, ask.bound)
    const id = randomUUID()
    await requestApproval(
      this.engine.store,
      this.fence(),
      this.run.id,
      {
        id,
        stepId: step.stepId,
        digest,
        title: ask.title,
        shown,
        bound: ask.bound,
        covers,
        typeToConfirm: ask.typeToConfirm,
        askedForId,
        beside: step.stage ? besideOf(this.run, step) : [],
      },
      this.draft('approval.requested', `${ask.title}: approval requested`, step.stepId, {
        id,
        digest,
        shown,
        bound: ask.bound,
      }),
    )
    await this.say(step.stepId, 'says', `Requests approval: ${ask.title}.`)
  }
}

/** The other steps of a step's stage. */
const besideOf = (run: Run, { stage, stepId }: RunStep): string[] =>
  run.steps.filter((s) => s.stage?.id === stage?.id && s.stepId !== stepId).map((s) => s.stepId)

/** What an approval is bound to: the run, its inputs, everything that was shown and what must still hold. */
export const approvalDigest = (run: Run, shown: ApprovalShown, bound: Facts): string =>
  digestOf({ run: run.id, procedure: run.procedureId, version: run.procedureVersion, inputs: run.inputs, shown, bound })

/**
 * An error as a sentence for people, and whether waiting may clear it. Errors of the outside world say what they are; an
 * unforeseen one is logged, and the sentence names where. Throws what is not the step's: the end of our lease, and errors
 * of our own store.
 */
export function formatStepError(
  { engine, run }: Pick<OpenRun, 'engine' | 'run'>,
  error: unknown,
): { sentence: string; passing: boolean } {
  if (error instanceof TurnOver || error instanceof ExpectedError) throw error
  if (error instanceof PortError) {
    const passing = ['transient', 'timeout', 'unreachable', 'state'].includes(error.errorClass)
    const throttled = error.detail.code?.startsWith('Throttl')
    const clock = error.detail.code === 'RequestExpired'
    const remedy = clock ? ' Set the clock, then retry.' : ' Sign in to the cloud account again, then retry.'
    const auth = error.errorClass === 'auth' ? remedy : ''
    return { sentence: throttled ? 'AWS is throttling; retrying more slowly.' : `${error.message}${auth}`, passing }
  }
  return { sentence: unforeseen(engine, run, error), passing: false }
}

/** Logs an error that nobody foresaw under a reference, and says where to look for it. */
export function unforeseen(engine: Pick<EngineSettings, 'log'>, run: Pick<Run, 'id'>, error: unknown): string {
  const reference = randomUUID().slice(0, 8)
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  engine.log('error', 'A run met an unforeseen error', { runId: run.id, reference, error: text })
  return `The runner met an unforeseen error. Its log has the details under reference ${reference}.`
}
