/** The form body of a Query call: `Action`, `Version` and members, lists written as `Name.Item.1`. */
import { AwsError, invalidValue } from './errors'

const redacted = new Set(['MasterUserPassword', 'TdeCredentialPassword'])

export class Parameters {
  constructor(private readonly form: URLSearchParams) {}

  has(name: string): boolean {
    return this.form.has(name)
  }

  text(name: string): string | null {
    return this.form.get(name)
  }

  /** Throws MissingParameter. */
  required(name: string): string {
    const value = this.form.get(name)
    if (!value) throw new AwsError('MissingParameter', `The request must contain the parameter ${name}.`)
    return value
  }

  /** Throws InvalidParameterValue. */
  integer(name: string): number | null {
    const value = this.form.get(name)
    if (value === null) return null
    if (!/^-?\d{1,15}$/.test(value)) throw invalidValue(`Invalid value ${value} for ${name}. Must be an integer.`)
    return Number(value)
  }

  /** Throws InvalidParameterValue. */
  boolean(name: string): boolean | null {
    const value = this.form.get(name)
    if (value === null) return null
    if (value !== 'true' && value !== 'false') {
      throw invalidValue(`Invalid value ${value} for ${name}. Must be true or false.`)
    }
    return value === 'true'
  }

  /** Time in ms. Throws InvalidParameterValue. */
  time(name: string): number | null {
    const value = this.form.get(name)
    if (value === null) return null
    // A time without an offset is UTC here, never the machine's own zone.
    const at = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(value) || !value.includes('T') ? value : `${value}Z`)
    if (Number.isNaN(at)) throw invalidValue(`Invalid value ${value} for ${name}. Must be an ISO 8601 time.`)
    return at
  }

  /** `VpcSecurityGroupIds.VpcSecurityGroupId.1`, in order of the numbers; null when the member is absent. */
  texts(name: string): string[] | null {
    const tree = this.toObject()[name]
    return Array.isArray(tree) ? tree.map(String) : tree === undefined ? null : []
  }

  /** `Filters.Filter.1.Name` and `.Values.Value.1`. */
  filters(): { name: string; values: string[] }[] {
    const tree = this.toObject().Filters
    if (!Array.isArray(tree)) return []
    return tree.map((item) => {
      const filter = isObject(item) ? item : {}
      return {
        name: String(filter.Name ?? ''),
        values: Array.isArray(filter.Values) ? filter.Values.map(String) : [],
      }
    })
  }

  /** `Tags.Tag.1.Key` and `.Value`; null when absent. */
  tags(): Record<string, string> | null {
    const tree = this.toObject().Tags
    if (!Array.isArray(tree)) return null
    const pairs = tree.map((item): [string, string] => {
      const tag = isObject(item) ? item : {}
      if (typeof tag.Key !== 'string' || tag.Key === '') throw invalidValue('Tag keys must not be empty.')
      return [tag.Key, String(tag.Value ?? '')]
    })
    return Object.fromEntries(pairs)
  }

  /** The call's members as an SDK would name them, secrets replaced: fit for the log. */
  toObject(): Record<string, unknown> {
    const root: Record<string, unknown> = {}
    for (const [name, value] of this.form) {
      if (name === 'Action' || name === 'Version') continue
      const path = name.split('.')
      let at: Record<string, unknown> = root
      for (const step of path.slice(0, -1)) {
        const next = Object.hasOwn(at, step) ? at[step] : undefined
        const child = isObject(next) ? next : {}
        put(at, step, child)
        at = child
      }
      put(at, path.at(-1) ?? name, redacted.has(name) ? '(not kept)' : value)
    }
    return Object.fromEntries(Object.entries(root).map(([name, value]) => [name, unlist(value)]))
  }
}

// Names come from outside: `__proto__` must become a plain member.
function put(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `{Tag: {1: .., 2: ..}}` becomes a list; anything else stays as it is. */
function unlist(value: unknown): unknown {
  if (!isObject(value)) return value
  const names = Object.keys(value)
  const only = names.length === 1 && names[0] !== undefined ? value[names[0]] : undefined
  if (isObject(only) && Object.keys(only).length > 0 && Object.keys(only).every((key) => /^\d+$/.test(key))) {
    return Object.keys(only)
      .sort((a, b) => Number(a) - Number(b))
      .map((key) => unlist(only[key]))
  }
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, unlist(child)]))
}
