import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { callName, renderCall } from '../domain/procedure/render'
import type { RecordDraft } from '../domain/record/chain'
import { refusedByPolicy } from '../domain/run/own-policy'
import { type Run, sentCalls } from '../domain/run/run'
import { runIsOver } from '../domain/run/states'
import { PortError } from '../ports/port-error'
import {
  type AnyProcedure,
  type AnyWatcher,
  paced,
  type Sight,
  type WatchContext,
  type World,
} from '../procedures/contract'
import { asStored, readFacts } from '../procedures/facts'
import { settle } from '../store/journal'
import { readRun } from '../store/run'
import { keepWatchFacts } from '../store/run-facts'
import { intendStanding, watchedRuns } from '../store/standing'
import type { ApprovalProof } from './approval-proof'
import { rounds } from './rounds'
import type { EngineSettings } from './run-context'
import { sendOnce } from './send-once'
import { TurnOver } from './turn'

interface WatchSettings
  extends Pick<
    EngineSettings,
    'store' | 'environment' | 'turn' | 'send' | 'worldFor' | 'onChanged' | 'log' | 'callLimitMs'
  > {
  procedures: readonly AnyProcedure[]
  /** As of a World: below 1 where a rehearsal is faster than AWS. */
  pace: number
  /** What proves the approval that a call is sent under. */
  proof: ApprovalProof
}

/** Calls of one step in one run; a watcher that would send more needs a person. */
const sendCap = 20
/** A run that moves while news of it is kept is read again this often. */
const readings = 5

/**
 * Looks after runs by the watchers of their procedures. What is news is kept with the run and in the record. A call is sent
 * by the approval that its run was given, through the journal like any effect: intent, fence, call, outcome, another look.
 */
export function createWatch(settings: WatchSettings) {
  const { store, turn, log } = settings
  let stopped = false

  async function round(procedure: AnyProcedure, watcher: AnyWatcher): Promise<void> {
    if (!turn.holds()) return
    const settled = new Set<string>()
    for (const id of await watchedRuns(store, settings.environment, {
      procedureId: procedure.slug,
      ...watcher.after,
    })) {
      if (stopped || !turn.holds()) return
      const run = await readRun(store, id)
      const { facts, unreadable } = readFacts(watcher.facts, run.facts)
      if (unreadable.length > 0) {
        log('error', `${watcher.title} is not watched: its run cannot be read`, {
          runId: id,
          facts: unreadable.join(', '),
        })
        continue
      }
      const subject = watcher.subject?.(facts)
      const isNews = subject === undefined || !settled.has(subject.of)
      for (const one of subject?.settles ?? []) settled.add(one)
      if (!isNews) continue
      try {
        await look(watcher, run, settings.worldFor(run))
      } catch (error) {
        if (!(error instanceof PortError)) throw error
        log('warn', `${watcher.title} could not be checked`, { runId: id, error: error.message })
      }
    }
  }

  async function look(watcher: AnyWatcher, run: Run, world: World): Promise<void> {
    const sight = await watcher.look(world, contextOf(watcher, run, world))
    await keep(watcher, run.id, sight)
    if (!sight.send) return
    if (run.effects.filter(({ stepId }) => stepId === sight.send?.stepId).length >= sendCap) {
      log('error', `${watcher.title}: as many calls as may be were sent; a person must act`, { runId: run.id })
      return
    }
    if (!(await act(watcher, run, world, sight.send))) return
    const after = await readRun(store, run.id)
    const { news } = await watcher.look(world, contextOf(watcher, after, world))
    await keep(watcher, run.id, { news })
  }

  /** Keeps what is news to the run as it is now. */
  async function keep(watcher: AnyWatcher, runId: string, sight: Pick<Sight<unknown>, 'news'>): Promise<void> {
    for (let reading = 1; reading <= readings; reading++) {
      const run = await readRun(store, runId)
      const news = sight.news(readFacts(watcher.facts, run.facts).facts)
      if (!news) return
      // While the run goes on, what is owed is its own to write.
      const { obligations, ...rest } = asStored(news.facts as object)
      const facts = runIsOver(run.state) && obligations !== undefined ? { ...rest, obligations } : rest
      const note = draft(run, 'incident.detection', news.says, watcher.stepId, { facts })
      if (await keepWatchFacts(store, fenceNow(), run, facts, note)) {
        if (news.alarm) log('error', news.says, { runId })
        settings.onChanged(runId)
        return
      }
    }
    log('warn', `${watcher.title}: the run moves too fast to keep news of it`, { runId })
  }

  /** Intent, act, outcome. False when nothing was sent. */
  async function act(
    watcher: AnyWatcher,
    run: Run,
    world: World,
    { stepId, call, because }: { stepId: string; call: Call; because: string },
  ): Promise<boolean> {
    const refused = (why: string) => {
      log('warn', `${watcher.title}: nothing may be sent`, { runId: run.id, refused: why })
      return false
    }
    const cli = renderCall(call)
    const digest = digestOf(call)
    const approval = run.approvals.findLast(
      ({ state, covers }) => state === 'approved' && covers.some((c) => c.stepId === stepId && c.digest === digest),
    )
    if (!approval) return refused('not-approved')
    const unproved =
      refusedByPolicy(world.environment, run, approval) ?? (await settings.proof(run, approval, { stepId, digest }))
    if (unproved !== null) return refused(unproved)
    const title = run.steps.find((step) => step.stepId === stepId)?.title ?? watcher.title
    const note = (kind: string, text: string, evidence: unknown) =>
      draft(run, kind, `${title}: ${text}`, stepId, evidence)
    const outcome = async (id: string, came: Parameters<typeof settle>[3], text: string) => {
      await settle(store, fenceNow(), id, came, note('effect.outcome', text, { outcome: came.outcome }))
      settings.onChanged(run.id)
    }
    // The step itself has ended; its state is not touched.
    const stays = { reply: null, stepState: 'confirmed', crashed: false } as const
    const fence = fenceNow()
    const intent = await intendStanding(
      store,
      fence,
      { runId: run.id, stepId, call, cli, digest, appMs: world.now() },
      note('effect.intent', `intends ${callName(call)}, because ${because}`, { cli, digest }),
    )
    if (intent.refused === 'stale-epoch') throw new TurnOver()
    if (intent.refused !== null) {
      const open = run.effects.findLast((effect) => effect.stepId === stepId && effect.outcome === null)
      if (intent.refused !== 'open' || !open) return refused(intent.refused)
      // Its runner was lost. The look that brought us here has seen what became of it.
      const message = 'The runner was lost before the outcome was recorded.'
      await outcome(open.id, { ...stays, outcome: 'unknown', message, sentence: message }, `unknown. ${message}`)
      return false
    }
    const sent = await sendOnce(settings, fence, run.id, call)
    const sentence = sent.message ?? 'Accepted; verifying.'
    await outcome(
      intent.id,
      { ...stays, outcome: sent.outcome, message: sent.message, reply: sent.reply, sentence },
      `${sent.outcome}${sent.message ? `. ${sent.message}` : ''}`,
    )
    return true
  }

  function fenceNow() {
    const fence = turn.fence()
    if (!fence) throw new TurnOver()
    return fence
  }

  function draft(run: Run, kind: string, text: string, stepId: string, evidence: unknown): RecordDraft {
    const { holder, epoch } = fenceNow()
    const actor = { kind: 'runner', name: holder, epoch } as const
    return { kind, actor, text, runId: run.id, incidentNumber: run.incidentNumber, stepId, evidence }
  }

  const going = settings.procedures.flatMap((procedure) =>
    procedure.watchers.map((watcher) =>
      rounds(
        () => round(procedure, watcher),
        paced(settings, watcher.everyMs),
        (error) => {
          if (!(error instanceof TurnOver)) log('warn', `${watcher.title} is not watched now`, { error: String(error) })
        },
      ),
    ),
  )
  return {
    /** One look by each watcher. */
    async once(): Promise<void> {
      for (const procedure of settings.procedures)
        for (const watcher of procedure.watchers) await round(procedure, watcher)
    },
    start(): void {
      for (const one of going) one.start()
    },
    async stop(): Promise<void> {
      stopped = true
      await Promise.all(going.map((one) => one.stop()))
    },
  }
}

const contextOf = (watcher: AnyWatcher, run: Run, world: World): WatchContext<unknown, unknown> => ({
  runId: run.id,
  mode: run.mode,
  inputs: run.inputs,
  facts: readFacts(watcher.facts, run.facts).facts,
  startedAt: run.startedAt,
  sent: sentCalls(run),
  refused: refusedByPolicy(world.environment, run, null),
})
