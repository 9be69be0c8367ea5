import { digestOf } from '../lib/domain/procedure/canonical'
import { awsCalls } from '../lib/domain/procedure/testing/calls'
import { bench, Switch, switchProcedure } from '../lib/runner/testing/one-effect'
import { intend, settle } from '../lib/store/journal'
import { moveRun, moveStep } from '../lib/store/run-moves'
import { startTestStore } from '../lib/store/testing/database'
import { type Figure, quantile } from './figure'

/**
 * A journalled effect (intent, fence, outcome, both recorded: two commits that cannot be one, as the effect lies between
 * them) against one committed INSERT, by the same pool on the same server, both prepared. The server waits for its disk,
 * as any store of the product does: on one that does not (as tests have) nothing is committed in the sense of the goal.
 */
export async function run(): Promise<Figure[]> {
  const server = await startTestStore({ durable: true })
  const { runner: store } = server
  const world = new Switch()
  const b = bench(server, world, switchProcedure(world, 'SAFE'))
  try {
    const id = await b.start()
    const fence = { lease: 'bench:test', holder: 'bench', epoch: 1 }
    const actor = { kind: 'runner' as const, name: 'bench', epoch: 1 }
    const note = (kind: string) => ({ kind, actor, text: kind, runId: id, stepId: 'throw' })
    await store.pool.query(
      `INSERT INTO lease (name, holder, epoch, expires_at) VALUES ('bench:test', 'bench', 1, clock_timestamp() + interval '1 hour')`,
    )
    await moveRun(store, fence, id, { from: 'preparing', event: 'ready' }, note('run.ready'))
    await moveStep(store, fence, id, 'throw', { from: 'pending', event: 'begin' }, note('step.begin'))
    const call = awsCalls.FailoverDBCluster
    const digest = digestOf(call)
    const ours: number[] = []
    const theirs: number[] = []
    const rounds = 600
    for (let i = 1; i <= rounds; i++) {
      const insertedAt = performance.now()
      await store.pool.query({
        name: 'one-insert',
        text: 'INSERT INTO run_output (run_id, n, at, kind, text) VALUES ($1, $2, clock_timestamp(), $3, $4)',
        values: [id, i, 'says', 'x'],
      })
      theirs.push(performance.now() - insertedAt)
      const begun = performance.now()
      const intent = await intend(
        store,
        fence,
        {
          runId: id,
          stepId: 'throw',
          attempt: i,
          direction: 'do',
          call,
          cli: 'aws',
          digest,
          dangerous: false,
          sentence: 's',
          appMs: 0,
        },
        note('effect.intent'),
      )
      if (intent.refused !== null) throw new Error(intent.refused)
      await settle(
        store,
        fence,
        intent.id,
        { outcome: 'accepted', message: null, reply: {}, stepState: 'checking', sentence: 's', crashed: false },
        note('effect.outcome'),
      )
      ours.push(performance.now() - begun)
    }
    const warm = rounds / 10
    const [mine, one] = [quantile(ours.slice(warm), 0.5), quantile(theirs.slice(warm), 0.5)]
    return [
      {
        bench: 'journal',
        metric: 'journalled effect, p50, against one committed INSERT',
        ours: mine,
        theirs: one,
        unit: 'ms',
        n: rounds - warm,
        goal: '<= 3x',
        met: mine <= 3 * one,
      },
    ]
  } finally {
    await b.end()
    await server.stop()
  }
}
