import type { JsonValue } from './canonical'

/** Kinds of objects that a run applies, with where the API of Kubernetes has them; in the order in which they are applied. */
export const appliedKinds = {
  ServiceAccount: { apiVersion: 'v1', plural: 'serviceaccounts' },
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps' },
  Service: { apiVersion: 'v1', plural: 'services' },
  PodDisruptionBudget: { apiVersion: 'policy/v1', plural: 'poddisruptionbudgets' },
  NetworkPolicy: { apiVersion: 'networking.k8s.io/v1', plural: 'networkpolicies' },
  Ingress: { apiVersion: 'networking.k8s.io/v1', plural: 'ingresses' },
  Deployment: { apiVersion: 'apps/v1', plural: 'deployments' },
} as const
export type AppliedKind = keyof typeof appliedKinds

/** An object of Kubernetes as it shall be. A type alias, because a run keeps it as JSON. */
export type Manifest = {
  apiVersion: string
  kind: AppliedKind
  metadata: { name: string; [member: string]: JsonValue }
  [member: string]: JsonValue
}

/** Objects of one namespace as they shall be, each by server-side apply, in this order. May be sent again. */
export interface ApplyCall {
  kind: 'apply'
  context: string
  namespace: string
  /** Whose the applied fields are afterwards; those of others that differ are taken over. */
  fieldManager: string
  objects: Manifest[]
}
