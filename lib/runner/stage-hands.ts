import { ExpectedError } from '../domain/errors'
import { isMidEffect, type RunStep } from '../domain/run/run'
import { isAsking, isAtRest, openSteps, stageWork } from '../domain/run/stage'
import { nextStep } from '../domain/run/states'
import { listWords } from '../domain/units'
import { takeUp } from './act-step'
import { lookAtDecisions } from './decided'
import { askPerson, awaitAnswer, drift, isUnsettled, work } from './drive'
import { again, later, type Progress } from './progress'
import { type RunContext, unforeseen } from './run-context'
import { TurnOver } from './turn'

/** An error that repeats is tried this often, a second apart, before a person is asked. */
export const triesBeforeAsking = 3

/** What is remembered of one step between two pieces of work; losing it costs nothing but a few looks. */
interface Hand {
  /** A piece of work is under way. */
  busy: boolean
  /** When the next one is due, by this process's clock, ms. */
  dueAt: number
  agreed: { looks: number }
  failures: number
  cause: string
}

/**
 * Drives the steps of a stage at the same time: each has a hand of its own, which does one piece of its work from the run as
 * it was read. The run as a whole moves only while no hand is busy, and only as it was read. All state is in the store, as
 * with a step that runs alone.
 */
export class StageHands {
  readonly #hands = new Map<string, Hand>()
  readonly #underWay = new Set<Promise<void>>()
  #error: unknown = null

  /** `nudge`: a hand has ended, the run is to be read again. */
  constructor(private readonly nudge: () => void) {}

  get busy(): boolean {
    return this.#underWay.size > 0
  }

  /** Until no piece of work is under way. */
  async atRest(): Promise<void> {
    while (this.busy) await Promise.all(this.#underWay)
  }

  /** Somebody wrote something: each step looks now. */
  lookNow(): void {
    for (const hand of this.#hands.values()) hand.dueAt = 0
  }

  /** Gives every step that has work its hand, or moves the run when none has. Throws what ended a hand for good. */
  async round(context: RunContext): Promise<Progress> {
    const { run, steps, procedure } = context
    if (this.#error) {
      const error = this.#error
      this.#error = null
      throw error
    }
    const refused = await lookAtDecisions(context)
    if (refused) return refused
    const open = openSteps(run.steps)
    // Under another definition only what is in the middle of an effect is brought to its end.
    const drifted = drift(run, steps, procedure.version)
    const { drive, next } = stageWork(run, open)
    const due = drifted ? drive.filter((step) => isMidEffect(run, step)) : drive
    if (drifted && due.length === 0 && !this.busy) return await askPerson(context, drifted)
    if (due.length === 0 || next !== null) {
      if (this.busy) return later(1_000)
      if (next !== null && !drifted) return await this.#moveRun(context, next)
    }
    const now = performance.now()
    let soonest = 1_000
    for (const step of due) {
      const hand = this.#handOf(step)
      if (hand.busy) continue
      if (hand.dueAt <= now) this.#begin(context, step, hand)
      else soonest = Math.min(soonest, hand.dueAt - now)
    }
    return later(soonest)
  }

  #handOf(step: RunStep): Hand {
    const found = this.#hands.get(step.stepId)
    if (found) return found
    const hand: Hand = { busy: false, dueAt: 0, agreed: { looks: 0 }, failures: 0, cause: '' }
    this.#hands.set(step.stepId, hand)
    return hand
  }

  #begin(shared: RunContext, { stepId }: RunStep, hand: Hand): void {
    // What one hand learns or says is not another's before it is read from the store.
    const context = shared.copy()
    const step = context.run.steps.find((s) => s.stepId === stepId)
    if (!step) return
    hand.busy = true
    const done = this.#doPiece(context, step, hand)
      .then(
        (progress) => {
          hand.dueAt = progress.again ? 0 : performance.now() + progress.afterMs
        },
        (error) => this.#failed(context, hand, error),
      )
      .finally(() => {
        hand.busy = false
        this.#underWay.delete(done)
        this.nudge()
      })
    this.#underWay.add(done)
  }

  async #doPiece(context: RunContext, step: RunStep, hand: Hand): Promise<Progress> {
    const { run } = context
    if (hand.failures >= triesBeforeAsking) {
      // Settling what was under way is no way out of the trouble: the next piece of work asks.
      if (isUnsettled(run, step)) return await takeUp(context, step)
      await giveUp(context, step, hand.cause)
      hand.failures = 0
      return again
    }
    const definition = context.steps.find((s) => s.id === step.stepId)
    if (!definition) throw new Error(`Step ${step.stepId} is not part of the procedure`)
    if (step.state !== 'verifying') hand.agreed.looks = 0
    const progress = isAsking(run, step)
      ? await awaitAnswer(context, step)
      : await work(context, step, definition, hand.agreed)
    hand.failures = 0
    return progress
  }

  #failed(context: RunContext, hand: Hand, error: unknown): void {
    if (error instanceof TurnOver || (error instanceof ExpectedError && error.code === 'not-found')) {
      this.#error = error
      return
    }
    hand.dueAt = performance.now() + 1_000
    if (error instanceof ExpectedError && error.code === 'store-unavailable') {
      context.engine.log('warn', 'The store is not responding; the step waits', { runId: context.run.id })
      return
    }
    hand.failures += 1
    hand.cause = unforeseen(context.engine, context.run, error)
  }

  /** Only as it was read: a decision that came meanwhile keeps the run going. */
  async #moveRun(context: RunContext, event: NonNullable<ReturnType<typeof stageWork>['next']>): Promise<Progress> {
    const { run } = context
    const { version } = run
    const open = openSteps(run.steps)
    switch (event) {
      case 'pause':
        await context.moveRun({ event, version }, 'Paused at a safe point, as requested.')
        return again
      case 'ask':
        await context.moveRun(
          { event, version },
          `${titles(open.filter((step) => isAsking(run, step)))}: waiting for approval by a second person.`,
        )
        return again
      case 'answered':
        await context.moveRun({ event, version }, 'The run goes on with the other steps.')
        return again
      case 'handed':
      case 'step-failed': {
        const resting = open.filter((step) => isAtRest(step.state))
        const sentence = resting.map((step) => `${step.title}: ${step.sentence}`).join(' ')
        await context.moveRun({ event, sentence, version }, `${titles(resting)}: a person decides how to continue.`)
        return again
      }
    }
  }
}

const titles = (steps: RunStep[]): string => listWords(steps.map(({ title }) => title))

/** A step that cannot go on asks a person; the others of its stage are not touched. */
async function giveUp(context: RunContext, step: RunStep, cause: string): Promise<void> {
  for (const approval of context.run.approvals)
    if (approval.state === 'open' && approval.stepId === step.stepId)
      await context.dropApproval(approval.id, 'void', `Request withdrawn: ${cause}`, step)
  if (nextStep(step.state, 'broke-off')) await context.move(step, 'broke-off', { sentence: cause })
}
