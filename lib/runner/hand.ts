import { randomUUID } from 'node:crypto'
import type { Actor } from '../domain/actor'
import { ExpectedError } from '../domain/errors'
import type { Permission } from '../domain/people/permissions'
import { digestOf } from '../domain/procedure/canonical'
import { renderCall } from '../domain/procedure/render'
import type { RecordDraft } from '../domain/record/chain'
import type { Run, RunStep } from '../domain/run/run'
import type { StepEvent } from '../domain/run/states'
import type { ApprovalShown, OutputLine, PersonRef } from '../domain/run/view'
import { PortError } from '../ports/port-error'
import type { AnyProcedure, AnyStep, Facts, StepContext, World } from '../procedures/contract'
import { callsOf } from '../procedures/previewing'
import { requestApproval } from '../store/approval'
import type { Store } from '../store/client'
import { type Fence, moveRun, moveStep, type RunMove, saySentence } from '../store/run-moves'
import { appendOutput } from '../store/run-output'
import type { SendCall } from './effects'
import { type Turn, TurnOver } from './turn'

/** What the runner holds in its hand while it works on runs. */
export interface Hand {
  store: Store
  /** Name of the environment whose runs are driven. */
  environment: string
  turn: Turn
  send: SendCall
  catalogue: (procedureId: string) => AnyProcedure | null
  worldFor: (run: Run) => World
  /** Null when this person may still do this; a sentence otherwise. Asked right before each effect. */
  authorise: (person: PersonRef, permission: Permission) => Promise<string | null>
  /** Told after each change, so that screens read again. */
  onChanged: (runId: string) => void
  log: (level: 'info' | 'warn' | 'error', message: string, detail: Record<string, unknown>) => void
  /** Longest wait for one call's answer, ms. */
  callLimitMs: number
}

/** One run in the runner's hand: what it says, and moves that are refused when the turn is over. */
export class RunInHand {
  readonly world: World
  readonly ctx: StepContext<unknown>

  constructor(
    readonly hand: Hand,
    readonly run: Run,
    readonly procedure: AnyProcedure,
  ) {
    this.world = hand.worldFor(run)
    this.ctx = {
      runId: run.id,
      mode: run.mode,
      inputs: procedure.inputs.parse(run.inputs),
      facts: run.facts,
      startedAt: run.startedAt,
    }
  }

  fence(): Fence {
    const fence = this.hand.turn.fence()
    if (!fence) throw new TurnOver()
    return fence
  }

  actor(): Actor {
    const fence = this.fence()
    return { kind: 'runner', name: fence.holder, epoch: fence.epoch }
  }

  draft(kind: string, text: string, stepId: string | null, evidence?: unknown): RecordDraft {
    return { kind, actor: this.actor(), text, runId: this.run.id, incidentId: this.run.incidentId, stepId, evidence }
  }

  learn(facts: Facts | undefined): void {
    if (facts) Object.assign(this.ctx.facts, facts)
  }

  /** Moves a step and says so. Throws TurnOver when the fence is gone; a step that somebody else moved is read again. */
  async move(
    step: RunStep,
    event: StepEvent,
    more: { sentence?: string; facts?: Facts; touched?: boolean; skippedBy?: PersonRef & { reason: string } } = {},
  ): Promise<boolean> {
    const text = `${step.title}: ${more.sentence ?? event}`
    const evidence = more.facts ? { event, facts: more.facts } : { event }
    const moved = await moveStep(
      this.hand.store,
      this.fence(),
      this.run.id,
      step.stepId,
      { from: step.state, event, ...more },
      this.draft(`step.${event}`, text, step.stepId, evidence),
    )
    this.changed()
    if (!moved && !this.hand.turn.holds()) throw new TurnOver()
    return moved
  }

  async moveRun(move: Omit<RunMove, 'from'>, text: string, evidence?: unknown): Promise<boolean> {
    const moved = await moveRun(
      this.hand.store,
      this.fence(),
      this.run.id,
      { from: this.run.state, ...move },
      this.draft(`run.${move.event}`, text, null, evidence),
    )
    this.changed()
    return moved
  }

  async say(stepId: string | null, kind: OutputLine['kind'], text: string): Promise<void> {
    await appendOutput(
      this.hand.store,
      this.run.id,
      text.split('\n').map((line) => ({ stepId, kind, text: line })),
    )
    this.changed()
  }

  /** The step's sentence and a line of output, when it is news. */
  async tell(step: RunStep, kind: OutputLine['kind'], sentence: string): Promise<void> {
    if (sentence === step.sentence) return
    step.sentence = sentence
    await Promise.all([
      saySentence(this.hand.store, this.fence(), this.run.id, step.stepId, sentence),
      this.say(step.stepId, kind, sentence),
    ])
  }

  changed(): void {
    this.hand.onChanged(this.run.id)
  }

  /** Asks for a yes to what is so now; open requests fall. */
  async requestApproval(step: RunStep, steps: AnyStep[]): Promise<void> {
    const ask = await this.procedure.ask(this.world, this.ctx)
    const commands: ApprovalShown['commands'] = ask.covers.flatMap((stepId) => {
      const covered = steps.find((s) => s.id === stepId)
      if (!covered) return []
      return callsOf(covered, this.ctx, this.world.environment).map(({ when, call }) => ({
        stepId,
        title: when === null ? covered.title : `${covered.title}. ${when}`,
        cli: renderCall(call),
        digest: digestOf(call),
      }))
    })
    const shown: ApprovalShown = { environment: this.run.environment, facts: ask.facts, loss: ask.loss, commands }
    const digest = approvalDigest(this.run, shown, ask.bound)
    const id = randomUUID()
    await requestApproval(
      this.hand.store,
      this.fence(),
      this.run.id,
      {
        id,
        stepId: step.stepId,
        digest,
        title: ask.title,
        shown,
        bound: ask.bound,
        covers: commands.map(({ stepId, digest: of }) => ({ stepId, digest: of })),
        typeToConfirm: ask.typeToConfirm,
      },
      this.draft('approval.requested', `${ask.title}: asked for approval`, step.stepId, {
        id,
        digest,
        shown,
        bound: ask.bound,
      }),
    )
    await this.say(step.stepId, 'says', `Asks for approval: ${ask.title}.`)
  }
}

/** What a yes is bound to: the run, its inputs, everything that was shown and what must still be so. */
export const approvalDigest = (run: Run, shown: ApprovalShown, bound: Facts): string =>
  digestOf({ run: run.id, procedure: run.procedureId, version: run.procedureVersion, inputs: run.inputs, shown, bound })

/**
 * An error in one sentence, and whether waiting may mend it. Errors of the outside world say what they are; one that
 * nobody foresaw is logged and becomes a sentence too, so that a defect asks for a person instead of going in circles.
 * Throws what is not the step's: the end of our turn, and a store that is away.
 */
export function worded(hand: RunInHand, error: unknown): { sentence: string; passing: boolean } {
  if (error instanceof TurnOver || error instanceof ExpectedError) throw error
  if (error instanceof PortError) {
    const passing = ['transient', 'timeout', 'unreachable', 'state'].includes(error.errorClass)
    const throttled = error.detail.code?.startsWith('Throttl')
    const clock = error.detail.code === 'RequestExpired'
    const remedy = clock ? ' Set the clock, then retry.' : ' Sign in to the cloud account again, then retry.'
    const auth = error.errorClass === 'auth' ? remedy : ''
    return { sentence: throttled ? 'AWS is throttling; looks again, more slowly.' : `${error.message}${auth}`, passing }
  }
  hand.hand.log('error', 'A step broke off in a way that nobody foresaw', { runId: hand.run.id, error: String(error) })
  return {
    sentence: `This step broke off in a way that was not foreseen; the log of the runner has it under ${hand.run.id}.`,
    passing: false,
  }
}
