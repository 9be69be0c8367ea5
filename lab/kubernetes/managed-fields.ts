import { isTree, keyedLists, type Tree } from './patch'
import type { ManagedFields } from './types'

/*
 * Who owns which field of an object, as server-side apply keeps it. A path is a list of elements as `fieldsV1` writes them:
 * `f:spec` for a member, `k:{"name":"api"}` for an item of a list that merges by a key.
 */

/** Members that nobody owns. */
const notOwned = new Set(['apiVersion', 'kind', 'status'])
const ownedMetadata = new Set(['labels', 'annotations'])

const separator = '\u0000'
const keyedBy = (name: string, items: unknown[]): string | null => {
  const key = keyedLists[name]
  return key && items.every((item) => isTree(item) && item[key] !== undefined) ? key : null
}
const itemElement = (key: string, item: Tree) => `k:${JSON.stringify({ [key]: item[key] })}`

/** Every owned field of an object, with its value. */
export function fieldsOf(object: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>()
  const walk = (value: unknown, path: string[], name: string) => {
    const key = Array.isArray(value) && value.length > 0 ? keyedBy(name, value) : null
    if (Array.isArray(value) && key)
      for (const item of value as Tree[]) {
        const at = [...path, itemElement(key, item)]
        for (const [member, inner] of Object.entries(item)) walk(inner, [...at, `f:${member}`], member)
      }
    else if (isTree(value) && Object.keys(value).length > 0)
      for (const [member, inner] of Object.entries(value)) walk(inner, [...path, `f:${member}`], member)
    else found.set(path.join(separator), value)
  }
  if (!isTree(object)) return found
  for (const [member, value] of Object.entries(object)) {
    if (notOwned.has(member)) continue
    if (member !== 'metadata') walk(value, [`f:${member}`], member)
    else if (isTree(value))
      for (const [inner, own] of Object.entries(value))
        if (ownedMetadata.has(inner)) walk(own, ['f:metadata', `f:${inner}`], inner)
  }
  return found
}

/** A path as messages of a conflict write it: `.spec.template.spec.containers[name="api"].image`. */
export const pathWords = (path: string): string =>
  path
    .split(separator)
    .map((element) => {
      if (element.startsWith('f:')) return `.${element.slice(2)}`
      const [[key, value] = ['', '']] = Object.entries(JSON.parse(element.slice(2)) as Tree)
      return `[${key}=${JSON.stringify(value)}]`
    })
    .join('')

/** In the order in which fields may be taken away: an item is found by its key as long as anything of it is left. */
export function removalOrder(paths: Iterable<string>): string[] {
  const isKey = (path: string) => {
    const [item = '', member = ''] = path.split(separator).slice(-2)
    return item.startsWith('k:') && member.slice(2) in (JSON.parse(item.slice(2)) as Tree)
  }
  return [...paths].sort((a, b) => Number(isKey(a)) - Number(isKey(b)))
}

/** The object without a field; an item or a member that nothing is left of goes as well. */
export function without(object: unknown, path: string): void {
  const remove = (at: unknown, elements: string[]): boolean => {
    const [element = '', ...rest] = elements
    if (element.startsWith('f:')) {
      const member = element.slice(2)
      if (!isTree(at) || !(member in at)) return false
      const inner = at[member]
      if (rest.length === 0 || remove(inner, rest)) delete at[member]
      return Object.keys(at).length === 0
    }
    const wanted = JSON.parse(element.slice(2)) as Tree
    if (!Array.isArray(at)) return false
    const index = at.findIndex((item) => isTree(item) && Object.entries(wanted).every(([k, v]) => item[k] === v))
    if (index >= 0 && remove(at[index], rest)) at.splice(index, 1)
    return at.length === 0
  }
  remove(object, path.split(separator))
}

/** The object with what was applied merged into it: items by their keys, everything else by name. */
export function merged(live: unknown, applied: unknown, name = ''): unknown {
  if (Array.isArray(applied)) {
    const key = applied.length > 0 ? keyedBy(name, applied) : null
    if (!key || !Array.isArray(live)) return applied
    const items = [...(live as Tree[])]
    for (const item of applied as Tree[]) {
      const index = items.findIndex((one) => one[key] === item[key])
      if (index >= 0) items[index] = merged(items[index], item) as Tree
      else items.push(item)
    }
    return items
  }
  if (!isTree(applied)) return applied
  const result: Tree = isTree(live) ? { ...live } : {}
  for (const [member, value] of Object.entries(applied)) result[member] = merged(result[member], value, member)
  return result
}

const toTree = (paths: Iterable<string>): Tree => {
  const root: Tree = {}
  for (const path of paths) {
    let at = root
    for (const element of path.split(separator)) {
      at[element] ??= {}
      at = at[element] as Tree
    }
  }
  return root
}

function toPaths(tree: Tree, before: string[] = []): string[] {
  return Object.entries(tree).flatMap(([element, inner]) => {
    const path = [...before, element]
    return isTree(inner) && Object.keys(inner).length > 0 ? toPaths(inner, path) : [path.join(separator)]
  })
}

/** The fields of each manager, by its name and how it writes. */
export class Owners {
  private constructor(private readonly all: Map<string, Set<string>>) {}

  static read(managed: readonly ManagedFields[] | undefined): Owners {
    return new Owners(
      new Map((managed ?? []).map((one) => [`${one.operation}/${one.manager}`, new Set(toPaths(one.fieldsV1))])),
    )
  }

  of(operation: ManagedFields['operation'], manager: string): Set<string> {
    return this.all.get(`${operation}/${manager}`) ?? new Set()
  }

  /** Who else owns a field. */
  othersOf(path: string, operation: ManagedFields['operation'], manager: string): string[] {
    const own = `${operation}/${manager}`
    return [...this.all].flatMap(([key, paths]) =>
      key !== own && paths.has(path) ? [key.slice(key.indexOf('/') + 1)] : [],
    )
  }

  set(operation: ManagedFields['operation'], manager: string, paths: Iterable<string>): void {
    this.all.set(`${operation}/${manager}`, new Set(paths))
  }

  /** Nobody but this manager owns the field any more. */
  takeOver(path: string, operation: ManagedFields['operation'], manager: string): void {
    for (const [key, paths] of this.all) if (key !== `${operation}/${manager}`) paths.delete(path)
  }

  write(apiVersion: string, time: string): ManagedFields[] {
    return [...this.all].flatMap(([key, paths]) => {
      if (paths.size === 0) return []
      const cut = key.indexOf('/')
      const operation = key.slice(0, cut) === 'Apply' ? 'Apply' : 'Update'
      return [
        {
          manager: key.slice(cut + 1),
          operation,
          apiVersion,
          time,
          fieldsType: 'FieldsV1' as const,
          fieldsV1: toTree(paths),
        },
      ]
    })
  }
}
