import { type Lab, LabStateError } from '../contract'
import type { KubernetesCluster } from './api'

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
