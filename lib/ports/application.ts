import type { StartingPod } from '../domain/application/pods'
import type { ClusterRoom } from '../domain/application/room'
import type { ContainerEnvironment } from '../domain/cluster/containers'
import type { WorkloadView } from '../domain/cluster/types'
import type { ApplyCall, Manifest } from '../domain/procedure/apply-call'
import type { DeploymentOwners } from './workloads'

/** A deployment where the application is to be started. */
export interface ApplicationState {
  /** How many pods it shall have, and how many are ready. */
  replicas: number
  ready: number
  rollout: WorkloadView['rollout']
  rolloutDetail: string
  annotations: Record<string, string>
  containers: ContainerEnvironment[]
  pods: StartingPod[]
}

/** The cluster of the other region, in which the application is started. Throws PortError. */
export interface Application {
  /** Context of the kubeconfig. */
  readonly context: string
  /** Null when there is no such deployment. */
  deployment(namespace: string, name: string): Promise<ApplicationState | null>
  /** Annotations of an object; null when it is not there. */
  annotations(namespace: string, object: Manifest): Promise<Record<string, string> | null>
  /** Is it there? Its content is not asked for. */
  exists(namespace: string, kind: 'Secret' | 'ConfigMap', name: string): Promise<boolean>
  owners(namespace: string, deployment: string): Promise<DeploymentOwners>
  canI(verb: string, resource: string, namespace: string): Promise<boolean>
  /** What the nodes have left. */
  room(): Promise<ClusterRoom>
  /** Applies the objects one after the other, each once; `mayGoOn` is asked before each. */
  apply(call: ApplyCall, mayGoOn: () => void): Promise<{ applied: number }>
}
