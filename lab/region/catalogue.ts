import { type LabFault, LabStateError, type Plane, type Silence } from '../contract'
import type { Cluster } from '../postgres/cluster'
import type { RegionReach } from './reach'

const scopes: Record<string, { title: string; planes: readonly Plane[] }> = {
  region: { title: 'The whole region', planes: ['control', 'data'] },
  'control-plane': { title: 'Its control plane: RDS, STS, IAM and Kubernetes', planes: ['control'] },
  'data-plane': { title: 'Its data plane: databases, poolers, S3 and Prometheus', planes: ['data'] },
}
const hows: Record<string, Silence> = { hang: 'hang', refuse: 'refuse' }

/** Faults of the home region as a whole, and of the network between the two regions. */
export function regionCatalogue(reach: RegionReach, cluster: Cluster): LabFault[] {
  const tended = (heal: () => void) => async () => {
    heal()
    // The replica elsewhere may have lost its way meanwhile.
    cluster.followers.tend()
  }
  return [
    {
      id: 'region-outage',
      title: `${reach.region} stops responding`,
      group: 'Network',
      targets: () => Object.entries(scopes).map(([id, { title }]) => ({ id, title })),
      parameters: [{ name: 'how', title: 'How (hang or refuse)', type: 'text', default: 'hang' }],
      holds: () => reach.silence('control') !== null || reach.silence('data') !== null,
      async start(target, parameters) {
        const scope = scopes[target ?? 'region']
        const how = hows[String(parameters.how)]
        if (!scope || !how) throw new LabStateError('BadParameter', 'how must be hang or refuse.')
        reach.strike(scope.planes, how)
      },
      heal: tended(() => reach.mend()),
    },
    {
      id: 'region-link',
      title: 'Slow, lossy link between the regions',
      group: 'Network',
      targets: () => [],
      parameters: [
        { name: 'latencyMs', title: 'Latency one way, ms', type: 'number', default: 70 },
        { name: 'lossPercent', title: 'Loss, %', type: 'number', default: 2 },
      ],
      holds: () => reach.between.kind === 'slow',
      async start(_target, parameters) {
        const { latencyMs, lossPercent } = parameters
        reach.setBetween({ kind: 'slow', latencyMs: Number(latencyMs), lossPercent: Number(lossPercent) })
      },
      heal: tended(() => {
        if (reach.between.kind === 'slow') reach.setBetween({ kind: 'up' })
      }),
    },
    regionPartition(reach, tended),
  ]
}

/** Both regions go on by themselves; only the way between them is gone. */
function regionPartition(reach: RegionReach, tended: (heal: () => void) => () => Promise<void>): LabFault {
  let over: NodeJS.Timeout | null = null
  const heal = tended(() => {
    if (over) clearTimeout(over)
    over = null
    if (reach.between.kind === 'cut') reach.setBetween({ kind: 'up' })
  })
  return {
    id: 'region-partition',
    title: 'The regions cannot reach each other',
    group: 'Network',
    targets: () => [],
    parameters: [{ name: 'seconds', title: 'Seconds (0 = until healed)', type: 'number', default: 45 }],
    holds: () => reach.between.kind === 'cut',
    async start(_target, parameters) {
      if (over) clearTimeout(over)
      reach.setBetween({ kind: 'cut' })
      const seconds = Number(parameters.seconds)
      over = seconds > 0 ? setTimeout(() => void heal(), seconds * 1000) : null
      over?.unref()
    },
    heal,
  }
}
