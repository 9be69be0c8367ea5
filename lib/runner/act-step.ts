import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { callName, renderCall } from '../domain/procedure/render'
import { usableUntil } from '../domain/run/approval-rule'
import { mayRetry } from '../domain/run/rights'
import { type Approval, type Effect, lastEffect, type RunStep } from '../domain/run/run'
import { needsApproval, nextStep } from '../domain/run/states'
import { nothingListens } from '../ports/socket-error'
import type { AnyStep, Observation } from '../procedures/contract'
import { intend, settle } from '../store/journal'
import { readRun, readWish } from '../store/run'
import { again, type Progress, patienceMs, refusalsInARow } from './progress'
import type { OpenRun, RunContext } from './run-context'
import { type Sent, sendOnce } from './send-once'
import { TurnOver } from './turn'

/** An approval that expired before it was used, in words that name who gave it. */
function formatExpired({ kind, decidedBy }: Pick<Approval, 'kind' | 'decidedBy'>): string {
  const who = decidedBy?.name ?? 'a person'
  return kind === 'break-glass'
    ? `The break-glass by ${who} has expired unused. Approval is requested again.`
    : `The approval by ${who} has expired. Approval is requested again.`
}

/** Intends, sends once, and writes down the outcome. */
export async function act(
  context: RunContext,
  step: RunStep,
  definition: AnyStep,
  call: Call,
  seen: Observation | null,
): Promise<Progress> {
  const { run, engine } = context
  const right = mayRetry(run, step)
  if (!right.allowed) {
    await context.move(step, 'refused', { sentence: right.why })
    return again
  }
  const cli = renderCall(call)
  const attempt = step.attempts + 1
  const intent = await intend(
    engine.store,
    context.fence(),
    {
      runId: run.id,
      stepId: step.stepId,
      attempt,
      direction: 'do',
      call,
      cli,
      digest: digestOf(call),
      dangerous: needsApproval(definition.effect),
      sentence: `Intent recorded; sending ${callName(call)}.`,
      appMs: context.world.now(),
    },
    context.draft('effect.intent', `${step.title}: intends ${callName(call)}, attempt ${attempt}`, step.stepId, {
      attempt,
      cli,
      digest: digestOf(call),
      seen: seen?.says ?? null,
    }),
  )
  if (intent.refused === 'stale-epoch') throw new TurnOver()
  // Something was different at the store than when the run was read: it may have expired in between.
  if (intent.refused === 'not-approved') return await requestAnew(context, step, await readRun(engine.store, run.id))
  if (intent.refused !== null) return again
  context.changed()
  await send(context, step, call, intent.id, 'do')
  return again
}

/** Nothing that was approved allows this call now: says what has expired, and requests approval of how things are now. */
export async function requestAnew(context: RunContext, step: RunStep, run = context.run): Promise<Progress> {
  // Steps of one stage ask each for itself: the answer to another one stands.
  const approval = run.approvals.findLast(
    (a) => a.state === 'approved' && a.usedAt === null && (!step.stage || a.stepId === step.stepId),
  )
  if (approval) {
    const expired = usableUntil(run, approval) <= run.readAt
    const why = expired
      ? formatExpired(approval)
      : 'The approval does not cover this call. Approval is requested again.'
    await context.dropApproval(approval.id, expired ? 'expired' : 'void', why, step)
  }
  await context.requestApproval(step)
  await context.move(step, 'needs-approval')
  return again
}

type Settled = Pick<Effect, 'message' | 'busy'> & { outcome: NonNullable<Effect['outcome']> }

/** Where a step that was acting goes after an outcome, and what people read. */
function afterOutcome({ outcome, message, busy }: Settled) {
  switch (outcome) {
    case 'accepted':
      return { event: 'accepted', sentence: 'Accepted; verifying.' } as const
    case 'rejected':
      return busy
        ? ({ event: 'put-off', sentence: `Postponed: ${message}` } as const)
        : ({ event: 'rejected', sentence: `Refused: ${message}` } as const)
    case 'unknown':
      return { event: 'lost', sentence: `No certain answer: ${message} Checking what happened first.` } as const
  }
}

/** Sends what was intended, once, and writes down the outcome. */
export async function send(
  context: RunContext,
  step: RunStep,
  call: Call,
  id: string,
  direction: 'do' | 'undo',
): Promise<void> {
  const { engine } = context
  const fence = context.fence()
  const long = call.kind === 'load' ? followLong(context, step) : null
  const sent = await sendOnce(engine, fence, context.run.id, call, long ?? undefined).finally(() => long?.end())
  const { outcome, message, reply } = sent
  const { event, sentence } = afterOutcome({ outcome, message, busy: mayPass(context, step, call, sent, direction) })
  const { moved } = await settle(
    engine.store,
    fence,
    id,
    { outcome, message, reply, stepState: nextStep('acting', event)?.to ?? 'unknown', sentence, crashed: false },
    context.draft('effect.outcome', `${step.title}: ${callName(call)} ${outcome}`, step.stepId, {
      outcome,
      message,
      reply,
      direction,
    }),
  )
  await context.say(step.stepId, outcome === 'accepted' ? 'says' : 'warning', sentence)
  if (!moved) throw new TurnOver()
}

/** Between two sentences on how far a long call is, and between two looks whether people want the run to stop, ms. */
const heardEveryMs = 1_000

/** A call that takes minutes or hours: people read how far it is, and it ends when they stop the run. */
function followLong(context: RunContext, step: RunStep) {
  const { run, engine } = context
  const stop = new AbortController()
  let news: string | null = null
  let saying = Promise.resolve()
  // Neither may end the call: what is not said now is said by the next look.
  const look = async () => {
    const says = news
    news = null
    if (says !== null) await context.tell(step, 'says', says)
    if ((await readWish(engine.store, run.id)) === 'stop') stop.abort()
  }
  const timer = setInterval(() => {
    saying = saying.then(look).catch(() => {})
  }, heardEveryMs)
  return {
    stop: stop.signal,
    heard(says: string) {
      news = says
    },
    async end() {
      clearInterval(timer)
      await saying
    },
  }
}

/** Was it refused for a reason that passes, so that it is sent again without counting? */
function mayPass(
  context: RunContext,
  step: RunStep,
  call: Call,
  { outcome, error }: Sent,
  direction: 'do' | 'undo',
): boolean {
  const { run, world } = context
  if (outcome !== 'rejected' || error === null || direction !== 'do') return false
  const since = refusalsInARow(context, step)[0]?.intendedAt ?? run.readAt
  // A pooler that died between the look and the command is looked at again: down, it passes no traffic.
  const passing = error.errorClass === 'transient' || (call.kind === 'pooler' && nothingListens(error))
  return passing && run.readAt - since < patienceMs(world.pace)
}

/**
 * `acting`, found when a run is taken up: the runner was lost between intent and outcome, or its lease was when it wrote
 * the outcome, which then stands in the journal and tells how to go on. Needs no definition.
 */
export async function takeUp(context: OpenRun, step: RunStep): Promise<Progress> {
  const last = lastEffect(context.run, step)
  if (!last) throw new Error(`Step ${step.stepId} is ${step.state} without an intent`)
  if (last.outcome !== null) {
    const { event, sentence } = afterOutcome({ ...last, outcome: last.outcome })
    await context.say(step.stepId, last.outcome === 'accepted' ? 'says' : 'warning', sentence)
    await context.move(step, event, { sentence, touched: last.outcome !== 'rejected' })
    return again
  }
  const sentence = 'The runner was lost before the outcome was recorded. Checking what happened first.'
  await settle(
    context.engine.store,
    context.fence(),
    last.id,
    {
      outcome: 'unknown',
      message: 'The runner was lost before the outcome was recorded.',
      reply: null,
      stepState: 'unknown',
      sentence,
      crashed: true,
    },
    context.draft('effect.outcome', `${step.title}: outcome unknown, the runner was lost`, step.stepId, {
      outcome: 'unknown',
      attempt: last.attempt,
    }),
  )
  await context.say(step.stepId, 'warning', sentence)
  return again
}
