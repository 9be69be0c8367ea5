import type { ContainerEnvironment } from '../domain/cluster/containers'
import type { WorkloadView } from '../domain/cluster/types'
import type { KubernetesCall } from '../domain/procedure/call'

/** Watches a deployment and its pods by list+watch; survives 410 Gone and half-open connections. */
export interface WorkloadWatch {
  current(): { view: WorkloadView | null; observedAt: number | null; error: string | null; failingSince: number | null }
  onChange(listener: () => void): void
  stop(): void
}

export interface DeploymentState {
  generation: number
  observedGeneration: number
  replicas: number
  /** All of the template, init containers last. */
  containers: ContainerEnvironment[]
  annotations: Record<string, string>
  resourceVersion: string
  /** After so many seconds without progress Kubernetes calls a rollout failed. */
  progressDeadlineSeconds: number
  /** Its rollout is paused: a changed template reaches no pod. */
  paused: boolean
}

/** A pod that has neither ended nor been told to. */
export interface RunningPod {
  name: string
  containers: ContainerEnvironment[]
}

/** Who else changes a deployment. */
export interface DeploymentOwners {
  /** A program that puts it back as its own source says, by name. */
  keeper: string | null
  autoscaler: { known: true; is: { name: string; least: number; most: number } | null } | { known: false; why: string }
}

/** Kubernetes, in our words. Throws PortError. */
export interface Workloads {
  watch(namespace: string, deployment: string): WorkloadWatch
  read(namespace: string, deployment: string): Promise<WorkloadView & DeploymentState & { running: RunningPod[] }>
  /**
   * One strategic-merge patch of the containers' environments and of the deployment's annotations. A refusal because somebody
   * changed it meanwhile (409) changed nothing: it is read again, and sent again only while it differs.
   */
  patchEnv(namespace: string, deployment: string, change: KubernetesCall['patch']): Promise<DeploymentState>
  /** One merge-patch of the scale; no template changes, so nothing is rolled out. */
  scale(namespace: string, deployment: string, replicas: number): Promise<void>
  owners(namespace: string, deployment: string): Promise<DeploymentOwners>
  canI(verb: string, resource: string, namespace: string): Promise<boolean>
}
