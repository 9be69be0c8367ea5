import { type Lab, LabStateError } from '../contract'
import type { KubernetesCluster } from './api'
import { recoveryRegion } from './kubeconfig'

/** What a node of the lab has for its pods. */
export const nodeCpu = '8'

/** Faults of Kubernetes itself, beside those of its API: a pod that dies, watches that are cut off by a compaction. */
export function registerKubernetesFaults(lab: Lab, clusters: KubernetesCluster[]): void {
  const pods = () =>
    clusters.flatMap(({ region, store }) =>
      store.list('pods', null).map((pod) => ({ id: pod.metadata.name, title: `${pod.metadata.name} (${region})` })),
    )
  lab.addFault({
    id: 'pod-kill',
    once: true,
    title: 'Kill a pod',
    group: 'Kubernetes',
    targets: pods,
    parameters: [],
    start: async (target) => {
      const name = target ?? pods()[0]?.id
      const pid = clusters
        .map((cluster) => (name ? cluster.pods.pid(name) : undefined))
        .find((one) => one !== undefined)
      if (pid === undefined) throw new LabStateError('NoSuchPod', `No running pod is called ${name ?? '(none)'}.`)
      process.kill(pid, 'SIGKILL')
    },
    heal: async () => undefined,
  })
  lab.addFault({
    id: 'image-pull',
    title: 'New pods cannot pull their image',
    group: 'Kubernetes',
    targets: () => [],
    parameters: [],
    start: async () => {
      for (const cluster of clusters) cluster.pods.holdImages()
    },
    heal: async () => {
      for (const cluster of clusters) cluster.pods.releaseImages()
    },
  })
  const elsewhere = clusters.filter(({ region }) => region === recoveryRegion)
  lab.addFault({
    id: 'image-pull-elsewhere',
    title: 'New pods in the recovery region cannot pull their image',
    group: 'Kubernetes',
    targets: () => [],
    parameters: [],
    start: async () => {
      for (const { pods } of elsewhere) pods.holdImages()
    },
    heal: async () => {
      for (const { pods } of elsewhere) pods.releaseImages()
    },
  })
  const allocate = (cpu: string) => {
    for (const { store } of elsewhere)
      for (const node of store.list('nodes', null))
        store.put('nodes', { ...node, status: { ...node.status, allocatable: { ...node.status.allocatable, cpu } } })
  }
  lab.addFault({
    id: 'no-capacity-elsewhere',
    title: 'No node in the recovery region has room for new pods',
    group: 'Kubernetes',
    targets: () => [],
    parameters: [],
    start: async () => {
      allocate('0')
      for (const { pods } of elsewhere) pods.fillNodes()
    },
    heal: async () => {
      allocate(nodeCpu)
      for (const { pods } of elsewhere) pods.freeNodes()
    },
  })
  lab.addFault({
    id: 'kubernetes-compaction',
    once: true,
    title: 'Expire every Kubernetes watch (410 Gone)',
    group: 'Kubernetes',
    targets: () => [],
    parameters: [],
    start: async () => {
      for (const cluster of clusters) cluster.store.expire()
    },
    heal: async () => undefined,
  })
  lab.addFault({
    id: 'kubernetes-silent-watch',
    title: 'Open Kubernetes watches fall silent (half-open connections)',
    group: 'Kubernetes',
    targets: () => [],
    parameters: [],
    start: async () => {
      for (const cluster of clusters) cluster.store.silence()
    },
    heal: async () => {
      for (const cluster of clusters) cluster.store.dropSilenced()
    },
  })
}
