import { z } from 'zod'
import { rdsStatus } from '../domain/cluster/rds-status'
import { ofOtherDatabase } from '../domain/cluster/wal-history'
import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { callName, renderCall } from '../domain/procedure/render'
import type { RecordDraft } from '../domain/record/chain'
import { refusedByPolicy } from '../domain/run/own-policy'
import type { Run } from '../domain/run/run'
import { runIsOver } from '../domain/run/states'
import { PortError } from '../ports/port-error'
import type { Standing } from '../ports/standing'
import { paced, type StepContext, type World } from '../procedures/contract'
import {
  asStored,
  fenceSchema,
  needed,
  obligationSchema,
  readFacts,
  withObligation,
  writerSchema,
} from '../procedures/facts'
import { addressOf, askPosition, lookAtFleet } from '../procedures/looking'
import type { FailoverFacts } from '../procedures/primary-failover/facts'
import { type FenceState, fenceFacts, lookAtOldWriter, rejoin } from '../procedures/steps/fence'
import { fenceByGroup, fenceBySql } from '../procedures/steps/fence-calls'
import type { Store } from '../store/client'
import { settle } from '../store/journal'
import { readRun } from '../store/run'
import { keepWatchFacts } from '../store/run-facts'
import { intendStanding, oldWriters } from '../store/standing-fence'
import type { ApprovalProof } from './approval-proof'
import type { SendCall } from './effects'
import { rounds } from './rounds'
import { type Turn, TurnOver } from './turn'
import { watchPooler } from './watch-pooler'

export interface FenceWatchSettings {
  store: Store
  environment: string
  /** As of a World: below 1 where a rehearsal is faster than AWS. */
  pace: number
  turn: Turn
  send: SendCall
  worldFor: (run: Run) => World
  /** What proves the approval that the fence is sent under. */
  proof: ApprovalProof
  /** Longest wait for one call's answer, ms. */
  callLimitMs: number
  onChanged: (runId: string) => void
  log: (level: 'info' | 'warn' | 'error', message: string, detail: Record<string, unknown>) => void
}

/** Between two looks at an old writer, ms in production (procedures, C3). */
const everyMs = 30_000
/** Fences of one old writer by one run's yes; more need a person. */
const fenceCap = 20

/**
 * Watches the former writers of failovers, and the pooler of those that went on without it. One that comes back as a writer raises the alarm the first time it is seen,
 * and is fenced by the yes that its run was given, through the journal like any effect.
 */
export function createFenceWatch(settings: FenceWatchSettings) {
  const { store, turn, log } = settings

  async function round(): Promise<void> {
    if (!turn.holds()) return
    const spoken = new Set<string>()
    let fleet: Standing | null = null
    for (const { runId, oldId, targetId } of await oldWriters(store, settings.environment)) {
      // A later failover may have made it the writer again: only the newest word on a node counts.
      const news = !spoken.has(oldId)
      spoken.add(oldId).add(targetId)
      if (!news || going.stopped || !turn.holds()) continue
      const run = await readRun(store, runId)
      const world = settings.worldFor(run)
      const { unreadable } = readFacts(watchedSchema, run.facts)
      if (unreadable.length > 0) {
        log('error', 'An old writer is not watched: its run cannot be read', { runId, facts: unreadable.join(', ') })
        continue
      }
      try {
        fleet ??= await lookAtFleet(world)
        await watch(run, world, fleet)
      } catch (error) {
        if (!(error instanceof PortError)) throw error
        log('warn', 'An old writer could not be looked at', { runId, error: error.message })
      }
    }
    // In the same round: both write what a run owes, and neither may overwrite the other's news.
    if (going.stopped || !turn.holds()) return
    await watchPooler({ ...settings, contextOf, keep: (run, facts, text) => keep(run, facts, text, 'switch-pooler') })
  }

  async function watch(run: Run, world: World, fleet: Standing): Promise<void> {
    const ctx = contextOf(run)
    const { facts } = ctx
    const state = await lookAtOldWriter(world, ctx, fleet)
    switch (state.kind) {
      case 'pending':
      case 'writer-again':
        return
      case 'reader':
      case 'gone':
        // Should it come back once more, that is news again.
        if (facts.fence !== state.kind) await keep(run, { ...fenceFacts(facts, state), cameBackAt: null }, state.says)
        return
      case 'fenced':
        if (facts.fence !== state.kind) await keep(run, fenceFacts(facts, state), state.says)
        return
      case 'open':
        if (await strayed(world, facts, fleet)) await comeBack(run, world, ctx, state)
    }
  }

  async function comeBack(
    run: Run,
    world: World,
    ctx: StepContext<unknown, FailoverFacts>,
    state: FenceState & { kind: 'open' },
  ): Promise<void> {
    const { facts } = ctx
    const old = needed(facts.writerBefore, 'the old writer')
    const { environment } = world
    const refused = refusedByPolicy(environment, run, null)
    const call = refused
      ? null
      : state.route === 'sql'
        ? fenceBySql(ctx, environment)
        : state.route === 'api'
          ? fenceByGroup(ctx, environment)
          : null
    if (facts.cameBackAt == null) {
      const next = call ? 'It is fenced now.' : (refused ?? 'Nothing that is configured can close it: a person must.')
      const obligations = withObligation(facts, rejoin(old.id))
      await keep(
        run,
        { cameBackAt: world.now(), fence: 'pending', fenceRoute: state.route, obligations },
        `${old.id} came back as a writer beside the present one: two take writes. ${state.says} ${next}`,
      )
    }
    if (!call) return
    if (run.effects.filter((e) => e.stepId === 'fence').length >= fenceCap) {
      log('error', 'An old writer was fenced too often; a person must end it', { runId: run.id, node: old.id })
      return
    }
    if (!(await act(run, world, call))) return
    const after = await lookAtOldWriter(world, ctx)
    if (after.kind === 'fenced') await keep(run, fenceFacts({ ...facts, cameBackAt: world.now() }, after), after.says)
  }

  /** Intent, act, outcome. False when it was not sent. */
  async function act(run: Run, world: World, call: Call): Promise<boolean> {
    const cli = renderCall(call)
    const digest = digestOf(call)
    const covered = { stepId: 'fence', digest }
    const approval = run.approvals.findLast(
      ({ state, covers }) => state === 'approved' && covers.some((c) => c.stepId === 'fence' && c.digest === digest),
    )
    const unproved = approval ? await settings.proof(run, approval, covered) : 'not-approved'
    if (unproved !== null) {
      log('warn', 'An old writer that came back may not be fenced', { runId: run.id, refused: unproved })
      return false
    }
    const fence = fenceNow()
    const evidence = { cli, digest }
    const intent = await intendStanding(
      store,
      fence,
      { runId: run.id, stepId: 'fence', call, cli, digest, appMs: world.now() },
      draft(run, 'effect.intent', `Fence the old writer: intends ${callName(call)}, because it came back`, evidence),
    )
    if (intent.refused !== null) {
      const open = run.effects.findLast((e) => e.stepId === 'fence' && e.outcome === null)
      // Its runner was lost. The look that brought us here has seen what became of it.
      if (intent.refused === 'open' && open)
        await outcome(run, open.id, 'unknown', 'The runner was lost before the outcome.')
      else log('warn', 'An old writer that came back may not be fenced', { runId: run.id, refused: intent.refused })
      return false
    }
    try {
      await settings.send(call, AbortSignal.timeout(settings.callLimitMs))
      await outcome(run, intent.id, 'accepted', null)
    } catch (error) {
      if (error instanceof TurnOver) throw error
      const known = error instanceof PortError
      if (!known) log('error', 'A call broke off', { runId: run.id, error: String(error) })
      const message = known ? error.message : 'The call broke off in a way that was not foreseen.'
      await outcome(run, intent.id, known ? error.detail.outcome : 'unknown', message)
    }
    return true
  }

  async function outcome(
    run: Run,
    id: string,
    what: 'accepted' | 'rejected' | 'unknown',
    message: string | null,
  ): Promise<void> {
    const sentence = message ?? 'Accepted; that is not proof yet.'
    await settle(
      store,
      fenceNow(),
      id,
      // The step itself has ended; its state is not touched.
      { outcome: what, message, reply: null, stepState: 'confirmed', sentence, crashed: false },
      draft(run, 'effect.outcome', `Fence the old writer: ${what}${message ? `. ${message}` : ''}`, { outcome: what }),
    )
    settings.onChanged(run.id)
  }

  function fenceNow() {
    const fence = turn.fence()
    if (!fence) throw new TurnOver()
    return fence
  }

  function draft(run: Run, kind: string, text: string, evidence: unknown, stepId = 'fence'): RecordDraft {
    const { holder, epoch } = fenceNow()
    return {
      kind,
      actor: { kind: 'runner', name: holder, epoch },
      text,
      runId: run.id,
      incidentId: run.incidentId,
      stepId,
      evidence,
    }
  }

  async function keep(run: Run, facts: FailoverFacts, text: string, stepId = 'fence'): Promise<void> {
    // While the run goes on, what is owed is its own to write; its last step looks at the old writer once more.
    const { obligations: _owed, ...rest } = facts
    const kept = asStored(runIsOver(run.state) ? facts : rest)
    await keepWatchFacts(
      store,
      fenceNow(),
      run.id,
      kept,
      draft(run, 'incident.detection', text, { facts: kept }, stepId),
    )
    settings.onChanged(run.id)
  }

  const going = rounds(round, paced(settings, everyMs), (error) => {
    if (!(error instanceof TurnOver)) log('warn', 'Old writers are not watched now', { error: String(error) })
  })
  return {
    once: round,
    start: going.start,
    stop: going.stop,
  }
}

/** What is asked of a run, whichever version it was of: the rest of its facts need not be readable. */
const watchedSchema = z.object({ ...writerSchema.shape, ...fenceSchema.shape, ...obligationSchema.shape }).partial()

const contextOf = (run: Run): StepContext<unknown, FailoverFacts> => ({
  runId: run.id,
  mode: run.mode,
  inputs: run.inputs,
  facts: readFacts(watchedSchema, run.facts).facts,
  startedAt: run.startedAt,
})

/**
 * Is it the former writer in its former life, and not one that was promoted again? Only a timeline below the present
 * writer's says so; where timelines are not known, nothing is fenced by a machine.
 */
async function strayed(world: World, facts: FailoverFacts, fleet: Standing): Promise<boolean> {
  const old = needed(facts.writerBefore, 'the old writer')
  const target = needed(facts.target, 'the target')
  const { kind } = rdsStatus(fleet.status)
  // While RDS changes something, or says a word that is not known, who is whom is not settled: a machine leaves it alone.
  if (kind === 'changing' || kind === 'unknown') return false
  const present = fleet.writerId === null || fleet.writerId === old.id ? target.id : fleet.writerId
  const address =
    fleet.instances.find((i) => i.id === present)?.address ?? (present === target.id ? addressOf(target) : null)
  const [writer, former] = await Promise.all([askPosition(world, address), askPosition(world, addressOf(old))])
  if (!writer.ok || writer.position.standby || !former.ok || former.position.standby) return false
  // Timelines of different databases cannot be compared: one may have been upgraded since.
  if (ofOtherDatabase(writer.position, former.position)) return false
  const [now, then] = [writer.position.timeline, former.position.timeline]
  return now !== null && then !== null && then < now
}
