import { approve } from '../lib/commands/run/decide'
import { approvalProof } from '../lib/runner/approval-proof'
import { authoriseFrom } from '../lib/runner/authorise'
import { bench, Switch, surroundings, switchProcedure } from '../lib/runner/testing/one-effect'
import { startTestStore } from '../lib/store/testing/database'
import { type Figure, quantile } from './figure'

/** From the approver's click, at the server, to the moment in which the step's call is sent. */
export async function run(): Promise<Figure[]> {
  const server = await startTestStore()
  const world = new Switch()
  const b = bench(server, world, switchProcedure(world, 'DANGEROUS'))
  const spans: number[] = []
  let sent: (at: number) => void = () => {}
  try {
    b.runner({
      send: async (...args) => {
        sent(performance.now())
        return await world.throwIt(...args)
      },
      ttlMs: 1000,
      everyMs: 300,
      // As the product's own runner: it looks at the approver once more before it sends.
      authorise: authoriseFrom(server.runner, surroundings, approvalProof(null)),
    })
    const context = await b.person('Other', 'approver')
    for (let i = 0; i < 60; i++) {
      world.on = false
      const id = await b.start()
      const waiting = await b.reaches(id, ['waiting'])
      const open = waiting.approvals.at(-1)
      if (!open) throw new Error('nothing is asked')
      const body = new Promise<number>((resolve) => {
        sent = resolve
      })
      const clicked = performance.now()
      await approve(context, { runId: id, approvalId: open.id, digest: open.digest, typed: open.typeToConfirm })
      spans.push((await body) - clicked)
      await b.reaches(id, ['done'])
    }
    const warm = spans.slice(5)
    const p99 = quantile(warm, 0.99)
    return [
      {
        bench: 'approve',
        metric: 'approval click to step body, p99',
        ours: p99,
        theirs: null,
        unit: 'ms',
        n: warm.length,
        goal: '<= 25 ms',
        met: p99 <= 25,
      },
      {
        bench: 'approve',
        metric: 'approval click to step body, p50',
        ours: quantile(warm, 0.5),
        theirs: null,
        unit: 'ms',
        n: warm.length,
        goal: '<= 25 ms',
        met: quantile(warm, 0.5) <= 25,
      },
    ]
  } finally {
    await b.end()
    await server.stop()
  }
}
