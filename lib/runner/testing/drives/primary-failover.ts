import { readersStream } from '../readers-stream'
import { until } from '../until'
import { type LabDrive, LabUnfit } from './drive'

/** A drill: the writer of before is alive, and the lab is as it was afterwards. */
export const failover: LabDrive = {
  name: 'primary-failover',
  slug: 'primary-failover',
  inputs: { target: 'replica-1', waitForAutomaticSeconds: 0 },
  certain: { write: 20, effect: 3 },
  // It has a sample of its own (runner-killed-and-frozen).
  sampled: { effects: 0, writes: 0 },
  parallel: null,
  control: 2,
  reusable: true,
  heldAfter: false,
  limitMs: 60_000,
  async prepare(scene) {
    const { cluster } = scene.lab.lab.context
    if (!(await until(async () => readersStream(scene), 60_000))) throw new LabUnfit('The readers do not stream')
    const target = cluster.nodes().find((n) => n.role === 'reader' && n.status === 'available')?.id
    if (!target) throw new LabUnfit('There is no reader to fail over to')
    return {
      start: () => scene.startFailover({ target, inputs: { connectionMode: 'auto' } }),
      once: ({ operation }) => (operation === 'FailoverDBCluster' ? 'the failover' : null),
      wanted: () => ['the failover'],
      wrong: async () => (cluster.writerId() === target ? [] : [`${target} is not the writer`]),
    }
  },
}
