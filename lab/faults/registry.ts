import { type LabFault, type LabFaultView, LabStateError } from '../contract'

interface Active {
  since: number
  target: string | null
  parameters: Record<string, number | string>
}

/** The catalogue with what is active in it. Faults start and end one at a time. */
export class FaultRegistry {
  #faults = new Map<string, LabFault>()
  #active = new Map<string, Active>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(private readonly repair: () => Promise<void>) {}

  add(fault: LabFault): void {
    this.#faults.set(fault.id, fault)
  }

  list(): LabFaultView[] {
    return [...this.#faults.values()].map(({ id, title, group, parameters, targets, holds }) => ({
      id,
      title,
      group,
      parameters,
      targets: targets(),
      active: holds?.() === false ? null : (this.#active.get(id) ?? null),
    }))
  }

  /** A fault that has used itself up, such as one limited to a number of calls. */
  markSpent(id: string): void {
    this.#active.delete(id)
  }

  /** Starts a fault. Throws LabStateError with a sentence for a person. */
  start(id: string, target: string | null, given: Record<string, unknown>): Promise<LabFaultView> {
    return this.#next(async () => {
      const fault = this.#faults.get(id)
      if (!fault)
        throw new LabStateError(
          'UnknownFault',
          `There is no fault "${id}"; known are ${[...this.#faults.keys()].join(', ')}.`,
          404,
        )
      const parameters = readParameters(fault, given)
      const targets = fault.targets()
      if (target !== null && !targets.some((candidate) => candidate.id === target))
        throw new LabStateError(
          'UnknownTarget',
          `"${target}" is no target of ${id}; ${targets.length ? `choose ${targets.map((t) => t.id).join(', ')}` : 'it takes none'}.`,
        )
      const aim = target ?? targets[0]?.id ?? null
      await fault.start(aim, parameters)
      if (!fault.once) this.#active.set(id, { since: Date.now(), target: aim, parameters })
      return this.#view(id)
    })
  }

  heal(id: string): Promise<void> {
    return this.#next(async () => {
      const fault = this.#faults.get(id)
      if (!fault) throw new LabStateError('UnknownFault', `There is no fault "${id}".`, 404)
      await fault.heal()
      this.#active.delete(id)
    })
  }

  /** Ends every fault, then makes anew what does not come back by itself. */
  healAll(): Promise<void> {
    return this.#next(async () => {
      for (const [id] of [...this.#active]) {
        // What a single fault cannot undo, the repair below does.
        await this.#faults
          .get(id)
          ?.heal()
          .catch(() => undefined)
        this.#active.delete(id)
      }
      await this.repair()
    })
  }

  #view(id: string): LabFaultView {
    const view = this.list().find((candidate) => candidate.id === id)
    if (!view) throw new LabStateError('UnknownFault', `There is no fault "${id}".`, 404)
    return view
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }
}

function readParameters(fault: LabFault, given: Record<string, unknown>): Record<string, number | string> {
  for (const name of Object.keys(given))
    if (!fault.parameters.some((parameter) => parameter.name === name))
      throw new LabStateError(
        'UnknownParameter',
        `${fault.id} has no parameter "${name}"${fault.parameters.length ? `; it has ${fault.parameters.map((p) => p.name).join(', ')}` : ''}.`,
      )
  return Object.fromEntries(
    fault.parameters.map((parameter) => {
      const value = given[parameter.name] ?? parameter.default
      if (parameter.type === 'text') return [parameter.name, String(value)]
      const number = Number(value)
      if (!Number.isFinite(number) || number < 0)
        throw new LabStateError('BadParameter', `${parameter.name} must be a number of 0 or more.`)
      return [parameter.name, number]
    }),
  )
}
