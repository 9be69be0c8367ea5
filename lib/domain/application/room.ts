import type { Manifest } from '../procedure/apply-call'
import type { JsonValue } from '../procedure/canonical'

/** Cores, bytes and pods. */
export interface Amount {
  cpu: number
  memory: number
  pods: number
}

/** What the nodes of a cluster have, and what their pods have asked for. */
export interface ClusterRoom {
  nodes: { name: string; takesPods: boolean; allocatable: Amount; requested: Amount }[]
}

const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const decimal = ['k', 'M', 'G', 'T', 'P', 'E']

/** A quantity as Kubernetes writes it ("250m", "16Gi"); null when it is none. Source: resource.Quantity of the API. */
export function quantityOf(text: JsonValue | undefined): number | null {
  if (typeof text === 'number') return text
  const match =
    typeof text === 'string' ? /^([+-]?[0-9.]+(?:[eE][+-]?\d+)?)(m|Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$/.exec(text) : null
  const figure = Number(match?.[1])
  if (!match || !Number.isFinite(figure)) return null
  const unit = match[2]
  if (unit === undefined) return figure
  if (unit === 'm') return figure / 1000
  const power = binary.indexOf(unit)
  return power >= 0 ? figure * 1024 ** (power + 1) : figure * 1000 ** (decimal.indexOf(unit) + 1)
}

interface Requesting {
  resources?: { requests?: { [name: string]: JsonValue } }
}
interface PodSpec {
  containers?: readonly Requesting[]
  initContainers?: readonly Requesting[]
}

/** What one pod asks for: all containers together, or its largest init container where that is more. */
export function requestsOf({ containers = [], initContainers = [] }: PodSpec): Amount {
  const of = ({ resources }: Requesting, name: string) => quantityOf(resources?.requests?.[name]) ?? 0
  const amount = (name: string) =>
    Math.max(
      containers.reduce((sum, one) => sum + of(one, name), 0),
      ...initContainers.map((one) => of(one, name)),
    )
  return { cpu: amount('cpu'), memory: amount('memory'), pods: 1 }
}

/** What each pod of a deployment asks for. */
export function podOf(manifest: Manifest): Amount {
  const { spec } = manifest as unknown as { spec?: { template?: { spec?: PodSpec } } }
  return requestsOf(spec?.template?.spec ?? {})
}

/**
 * How many of these pods find a node, the first ones first, as long as each node has what they ask for. Affinity, taints and nodes that an
 * autoscaler would add are not looked at: more may be refused, or placed.
 */
export function placeable({ nodes }: ClusterRoom, wanted: readonly { pod: Amount; count: number }[]): number {
  const left = nodes
    .filter(({ takesPods }) => takesPods)
    .map(({ allocatable, requested }) => ({
      cpu: allocatable.cpu - requested.cpu,
      memory: allocatable.memory - requested.memory,
      pods: allocatable.pods - requested.pods,
    }))
  let placed = 0
  for (const { pod, count } of wanted)
    for (let n = 0; n < count; n++) {
      const node = left.find((one) => one.cpu >= pod.cpu && one.memory >= pod.memory && one.pods >= 1)
      if (!node) break
      node.cpu -= pod.cpu
      node.memory -= pod.memory
      node.pods -= 1
      placed += 1
    }
  return placed
}
