/** What a container of a pod needs to be run; the environment is already resolved. */
export interface PodSpecification {
  region: string
  namespace: string
  /** The pod's name. */
  name: string
  container: string
  /** Under which name it commits: the pod's for its first container, one of its own for every other. */
  writer: string
  /** An init container: it ends after its first commit. */
  once: boolean
  image: string
  env: Record<string, string>
}

export interface PodListener {
  /** The readiness probe changed its mind; `reason` is what `kubectl describe` shows. */
  ready(ready: boolean, reason: string): void
  log(line: string): void
  exited(code: number): void
}

export interface RunningPod {
  readonly pid: number | undefined
  /** Asks it to end; `exited` follows. It is killed when it does not end within its grace. */
  stop(): void
}

/** Runs one container of a pod as a real process. Throws when the image is not known (ErrImagePull). */
export type PodRuntime = (pod: PodSpecification, listener: PodListener) => RunningPod
