import { leaseTimes } from '../lib/runner/lease'
import { bench, Switch, switchProcedure } from '../lib/runner/testing/one-effect'
import { readRun } from '../lib/store/run'
import { startTestStore } from '../lib/store/testing/database'
import { type Figure, quantile } from './figure'

/** From the death of a runner inside an effect to the moment in which another has taken the step up. */
export async function run(): Promise<Figure[]> {
  const server = await startTestStore()
  const spans: number[] = []
  try {
    for (let i = 0; i < 24; i++) {
      const world = new Switch()
      const b = bench(server, world, switchProcedure(world, 'SAFE'))
      let acting: () => void = () => {}
      const inside = new Promise<void>((resolve) => {
        acting = resolve
      })
      let end: () => void = () => {}
      const never = new Promise<void>((resolve) => {
        end = resolve
      })
      const times = { ttlMs: leaseTimes.ttlMs, everyMs: leaseTimes.everyMs }
      const first = b.runner({
        ...times,
        send: async (...args) => {
          await world.throwIt(...args)
          acting()
          await never
          throw new Error('dead')
        },
      })
      const id = await b.start()
      await inside
      b.runner(times)
      // Dies at any moment of its lease.
      await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 300))
      const died = performance.now()
      await first.kill()
      while ((await readRun(server.runner, id)).steps[0]?.state === 'acting')
        await new Promise((resolve) => setTimeout(resolve, 5))
      spans.push(performance.now() - died)
      await b.reaches(id, ['done'])
      end()
      await b.end()
    }
    const p99 = quantile(spans, 0.99)
    const lease = leaseTimes.ttlMs
    return [
      {
        bench: 'takeover',
        metric: 'runner killed to step observed by another, p99, against the lease',
        ours: p99,
        theirs: lease,
        unit: 'ms',
        n: spans.length,
        goal: '<= 1.2x, lease <= 1 s',
        met: p99 <= 1.2 * lease && lease <= 1000,
      },
    ]
  } finally {
    await server.stop()
  }
}
