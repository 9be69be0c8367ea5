import type { ContainerEnvironment } from '../cluster/containers'
import { counted } from '../units'

/** A pod that neither has ended nor was told to, with what its containers wait for. */
export interface StartingPod {
  name: string
  ready: boolean
  /** Why no node takes it, in the scheduler's words; null when it has a node or was not looked at yet. */
  unplaced: string | null
  containers: StartingContainer[]
  /** What its containers are told. */
  environments: ContainerEnvironment[]
}

export interface StartingContainer {
  name: string
  running: boolean
  /** Why it does not run, as Kubernetes names it, with its message; null when it runs or has ended. */
  waiting: { reason: string; message: string } | null
  restarts: number
}

/** What keeps a pod from starting, which no database can mend. */
export interface PodTrouble {
  kind: 'capacity' | 'image' | 'setup'
  pod: string
  says: string
}

const imageReasons = /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/
const setupReasons = /^(CreateContainerConfigError|CreateContainerError|RunContainerError)$/

/**
 * Why a pod does not start: no node takes it, its image cannot be pulled, or its set-up is wrong. Null for one that runs, or that
 * still begins; a container that ends again and again runs, and waits for its database like one that is not ready.
 */
export function troubleOf({ name, unplaced, containers }: StartingPod): PodTrouble | null {
  if (unplaced !== null) return { kind: 'capacity', pod: name, says: `${name} has no node: ${unplaced}` }
  for (const container of containers) {
    if (!container.waiting) continue
    const { reason, message } = container.waiting
    const says = `${name}, container ${container.name}: ${reason}${message ? `: ${message}` : ''}`
    if (imageReasons.test(reason)) return { kind: 'image', pod: name, says }
    if (setupReasons.test(reason)) return { kind: 'setup', pod: name, says }
  }
  return null
}

/** Has every container begun, so that only the database is waited for? */
export const hasStarted = ({ containers }: StartingPod): boolean =>
  containers.length > 0 &&
  containers.every(
    ({ running, restarts, waiting }) => running || (restarts > 0 && waiting?.reason === 'CrashLoopBackOff'),
  )

/** Troubles in sentences: each kind by its first pod, with how many have it. */
export function formatTroubles(troubles: readonly PodTrouble[]): string {
  const kinds = [...new Set(troubles.map(({ kind }) => kind))]
  return kinds
    .map((kind) => {
      const of = troubles.filter((trouble) => trouble.kind === kind)
      const more = of.length > 1 ? ` (${counted(of.length - 1, 'more pod')} likewise)` : ''
      return `${(of[0]?.says ?? '').replace(/[.\s]+$/, '')}${more}.`
    })
    .join(' ')
}
