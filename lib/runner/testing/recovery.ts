import { expect, vi } from 'vitest'
import { answerStep } from '../../commands/run/answer-step'
import { startRun } from '../../commands/run/start-run'
import { stopRun } from '../../commands/run/steer'
import type { Run } from '../../domain/run/run'
import type { RunState } from '../../domain/run/states'
import { needed } from '../../procedures/facts'
import { chooseStepId, comparisonOf } from '../../procedures/point-in-time/reconcile-facts'
import { readRun } from '../../store/run'
import { readOutput } from '../../store/run-output'
import { type At, labCount, labMoment, labSql } from './lab-sql'
import type { Scene } from './scene'

export type { At } from './lab-sql'

/** The address of the copy that a run has made. */
export const addressOf = (run: Run) => run.facts.endpoint as At

/** Where a run of a recovery comes to rest. */
export const ended: RunState[] = ['done', 'needs-person', 'aborted', 'stopped']

/** What tests of a recovery do besides the product: SQL over connections of their own, and people's part of a run. */
export function recoveryIn(scene: Scene, slug = 'point-in-time-recovery') {
  async function said(id: string): Promise<string> {
    return (await readOutput(scene.store, scene.environment.name, id, 0))
      .map((line) => `${line.at % 1_000_000} ${line.stepId}: ${line.kind}: ${line.text}`)
      .join('\n')
  }
  /** Approves what waits, and sees the run go on. */
  async function approveNow(id: string): Promise<void> {
    await vi.waitFor(async () => scene.approveOpen(id, await scene.as('approver')), { timeout: 20_000, interval: 200 })
    await scene.reaches(id, ['running', ...ended], 30_000)
  }
  /** Approves whatever waits until the run rests. */
  async function approveUntil(id: string, limitMs = 240_000): Promise<Run> {
    for (;;) {
      const run = await scene.reaches(id, ['waiting', ...ended], limitMs)
      if (run.state !== 'waiting') return run
      await approveNow(id)
    }
  }
  const expectState = async (run: Run, state: RunState): Promise<Run> => {
    expect(run.state, `${run.sentence}\n${await said(run.id)}`).toBe(state)
    return run
  }

  /** Starts a run whose prerequisites could be looked at: on a busy machine an answer may be late, which blocks a run. */
  async function start(inputs: Record<string, unknown>): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const { id } = await startRun(
        await scene.as('responder'),
        scene.environment,
        { slug, mode: 'drill', reason: 'A rehearsal of a recovery', inputs },
        scene.snapshot(),
      )
      const { state, sentence } = await scene.reaches(id, ['running', 'waiting', ...ended], 60_000)
      if (state !== 'aborted' || !sentence.includes('Could not be determined') || attempt === 4) return id
    }
  }

  return {
    sql: <T extends object>(address: At, text: string) => labSql<T>(scene, address, text),
    count: (address: At, from: string) => labCount(scene, address, from),
    momentOn: (address: At) => labMoment(scene, address),
    said,
    approveNow,
    approveUntil,
    /** As the picture on which the form is checked shows it. */
    archivedBeyond: (at: number) =>
      vi.waitFor(() => expect(scene.snapshot()?.backups.value?.latestRestorableAt ?? 0).toBeGreaterThan(at), {
        timeout: 120_000,
        interval: 200,
      }),
    start,
    /** Starts as soon as something can be restored; answers where the run then is. */
    async begin(inputs: Record<string, unknown>): Promise<Run> {
      const backups = () => scene.snapshot()?.backups.value
      await vi.waitFor(() => expect(backups()?.latestRestorableAt).toBeTypeOf('number'), { timeout: 120_000 })
      return await scene.reaches(await start(inputs), ['waiting', ...ended], 90_000)
    },
    /** Waits until the run asks. Throws with what it says when it rests instead. */
    asks: async (id: string, limitMs = 200_000): Promise<Run> =>
      await expectState(await scene.reaches(id, ['waiting', ...ended], limitMs), 'waiting'),
    /** Approves whatever waits until the run is done. Throws with what it says when it rests otherwise. */
    done: async (id: string): Promise<Run> => await expectState(await approveUntil(id), 'done'),
    /** Waits until a step of the run is in this state. Throws with what the run says when it rests instead. */
    stepIs: (id: string, stepId: string, state: string) =>
      vi.waitFor(
        async () => {
          const run = await readRun(scene.store, id)
          expect(ended, `${run.sentence}\n${await said(id)}`).not.toContain(run.state)
          expect(run.steps.find((step) => step.stepId === stepId)?.state).toBe(state)
        },
        { timeout: 120_000, interval: 30 },
      ),
    /** Sees that rows were compared, and chooses that those which this table lacks are put back. Answers the comparison. */
    async chooseMissing(id: string, table: string) {
      const { facts } = await readRun(scene.store, id)
      const comparison = needed(comparisonOf(facts), 'the comparison')
      await answerStep(await scene.as('commander'), scene.environment, {
        ...{ runId: id, stepId: chooseStepId },
        answer: {
          batch: comparison.batch,
          tables: [{ table, policy: { kind: 'insert-missing' }, triggers: 'on' }],
        },
      })
      return comparison
    },
    /**
     * After a cutover: the copy has this many castings and one commit of the test, and pods write to it; the source is there, holds
     * all three commits, and takes nothing from the application. Answers the obligations that are open.
     */
    async expectMoved(run: Run, source: At, castings: number): Promise<string[]> {
      const count = (at: At, from: string) => labCount(scene, at, from)
      const copy = addressOf(run)
      expect(await count(copy, 'castings')).toBe(castings)
      expect(await count(copy, "commits WHERE worker = 'test'")).toBe(1)
      // Each pod writes numbers of its own.
      const others = () => count(copy, "commits WHERE worker <> 'test'")
      const written = await others()
      await expect.poll(others, { timeout: 30_000 }).toBeGreaterThan(written)
      expect(await count(source, "commits WHERE worker = 'test'")).toBe(3)
      const may = "SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = 'castmatch_app'"
      expect(await labSql(scene, source, may)).toEqual([{ may: false }])
      const obligations = run.facts.obligations as { id: string; state: string }[]
      const open = obligations.filter(({ state }) => state === 'open').map((one) => one.id)
      expect(open).toEqual(expect.arrayContaining(['retain-source', 'guard-copy']))
      return open
    },
    async stop(id: string): Promise<void> {
      await stopRun(await scene.as('responder'), { runId: id, reason: 'The test has seen what it wanted.' })
      await scene.reaches(id, ['stopped', 'aborted', 'done'], 60_000)
    },
  }
}
