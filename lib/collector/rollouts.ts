import type { Mark, WorkloadView } from '../domain/cluster/types'

/** Notices every new template that a deployment is given: people look for the cause of damage among these. */
export class Rollouts {
  readonly #seen = new Map<string, string>()

  constructor(private readonly mark: (mark: Mark) => void) {}

  /** One look at a deployment, at `at` (ms). The first tells nothing: what ran before it is not known. */
  look(view: WorkloadView | null, at: number): void {
    if (!view?.release) return
    const deployment = `${view.namespace}/${view.deployment}`
    const before = this.#seen.get(deployment)
    this.#seen.set(deployment, view.release)
    if (before !== undefined && before !== view.release)
      this.mark({ at, kind: 'deployment', text: `${view.deployment}: ${view.release}` })
  }
}
