/** The part of the Kubernetes object model that the lab serves. Times are RFC 3339 strings, as on the wire. */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller: boolean
  blockOwnerDeletion: boolean
}

/** The fields that one writer owns. */
export interface ManagedFields {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time: string
  fieldsType: 'FieldsV1'
  fieldsV1: Record<string, unknown>
}

export interface Meta {
  name: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  generateName?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  managedFields?: ManagedFields[]
}

export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: Meta
}

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: { secretKeyRef?: { name: string; key: string }; [source: string]: unknown }
}

export interface Container {
  name: string
  image: string
  env?: EnvVar[]
  [field: string]: unknown
}

export interface PodSpec {
  containers: Container[]
  initContainers?: Container[]
  nodeName?: string
  [field: string]: unknown
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}

export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastUpdateTime?: string
  lastTransitionTime: string
}

export interface Strategy {
  type?: 'RollingUpdate' | 'Recreate'
  rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } | null
}

export interface Deployment extends KubeObject {
  kind: 'Deployment'
  spec: {
    replicas: number
    selector: { matchLabels: Record<string, string> }
    strategy?: Strategy
    template: PodTemplate
    progressDeadlineSeconds?: number
    revisionHistoryLimit?: number
    minReadySeconds?: number
    paused?: boolean
  }
  status: {
    observedGeneration?: number
    replicas?: number
    updatedReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    unavailableReplicas?: number
    conditions?: Condition[]
  }
}

export interface ReplicaSet extends KubeObject {
  kind: 'ReplicaSet'
  spec: { replicas: number; selector: { matchLabels: Record<string, string> }; template: PodTemplate }
  status: {
    replicas: number
    fullyLabeledReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    observedGeneration?: number
  }
}

export interface ContainerStatus {
  name: string
  image: string
  imageID: string
  containerID?: string
  ready: boolean
  started: boolean
  restartCount: number
  state: {
    waiting?: { reason: string; message?: string }
    running?: { startedAt: string }
    terminated?: { exitCode: number; reason: string; startedAt: string; finishedAt: string }
  }
  lastState: { terminated?: { exitCode: number; reason: string; startedAt: string; finishedAt: string } }
}

export interface Pod extends KubeObject {
  kind: 'Pod'
  spec: PodSpec
  status: {
    phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
    conditions: Condition[]
    containerStatuses: ContainerStatus[]
    initContainerStatuses?: ContainerStatus[]
    hostIP?: string
    podIP?: string
    startTime?: string
    qosClass?: string
  }
}

export interface KubeEvent extends KubeObject {
  kind: 'Event'
  involvedObject: { apiVersion: string; kind: string; namespace: string; name: string; uid: string }
  reason: string
  message: string
  type: 'Normal' | 'Warning'
  count: number
  firstTimestamp: string
  lastTimestamp: string
  source: { component: string }
  reportingComponent: string
  reportingInstance: string
}

export interface Namespace extends KubeObject {
  kind: 'Namespace'
  spec: { finalizers: string[] }
  status: { phase: 'Active' }
}

/** What is served of a secret: that it is there. What it holds no client of the lab gets. */
export interface Secret extends KubeObject {
  kind: 'Secret'
  type: string
}

export interface Node extends KubeObject {
  kind: 'Node'
  spec: { unschedulable?: boolean }
  status: { allocatable: { cpu: string; memory: string; pods: string }; conditions: Condition[] }
}

export interface Kinds {
  deployments: Deployment
  replicasets: ReplicaSet
  pods: Pod
  events: KubeEvent
  namespaces: Namespace
  secrets: Secret
  nodes: Node
}
export type Resource = keyof Kinds

/** What the API machinery knows of each resource. */
export const resources: Record<
  Resource,
  {
    kind: string
    apiVersion: string
    singular: string
    namespaced: boolean
    shortNames: string[]
    categories: string[]
    verbs: string[]
  }
> = {
  pods: {
    kind: 'Pod',
    apiVersion: 'v1',
    singular: 'pod',
    namespaced: true,
    shortNames: ['po'],
    categories: ['all'],
    verbs: ['delete', 'get', 'list', 'watch'],
  },
  events: {
    kind: 'Event',
    apiVersion: 'v1',
    singular: 'event',
    namespaced: true,
    shortNames: ['ev'],
    categories: [],
    verbs: ['get', 'list', 'watch'],
  },
  namespaces: {
    kind: 'Namespace',
    apiVersion: 'v1',
    singular: 'namespace',
    namespaced: false,
    shortNames: ['ns'],
    categories: [],
    verbs: ['get', 'list', 'watch'],
  },
  secrets: {
    kind: 'Secret',
    apiVersion: 'v1',
    singular: 'secret',
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: ['get', 'list'],
  },
  nodes: {
    kind: 'Node',
    apiVersion: 'v1',
    singular: 'node',
    namespaced: false,
    shortNames: ['no'],
    categories: [],
    verbs: ['get', 'list'],
  },
  deployments: {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    singular: 'deployment',
    namespaced: true,
    shortNames: ['deploy'],
    categories: ['all'],
    verbs: ['create', 'get', 'list', 'patch', 'update', 'watch'],
  },
  replicasets: {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    singular: 'replicaset',
    namespaced: true,
    shortNames: ['rs'],
    categories: ['all'],
    verbs: ['get', 'list', 'watch'],
  },
}

/** A refusal that is answered as a `Status` object. */
export class StatusError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message)
    this.name = 'StatusError'
  }

  /** The `Status` object of the wire. */
  toStatus(): Record<string, unknown> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: this.details,
      code: this.code,
    }
  }
}

export function notFound(resource: string, name: string, group = ''): StatusError {
  const qualified = group ? `${resource}.${group}` : resource
  return new StatusError(404, 'NotFound', `${qualified} "${name}" not found`, { name, group, kind: resource })
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function timestamp(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}
