import { type KubeObject, StatusError } from './types'

export type Selector = (object: KubeObject) => boolean

const badSelector = (text: string) =>
  new StatusError(400, 'BadRequest', `unable to parse requirement: ${JSON.stringify(text)}`)

/** Label selector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas. */
export function labelSelector(text: string | null): Selector {
  if (!text) return () => true
  // Commas inside brackets belong to a set.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  const rules = parts.map(labelRule)
  return (object) => rules.every((rule) => rule(object.metadata.labels ?? {}))
}

function labelRule(part: string): (labels: Record<string, string>) => boolean {
  const set = /^([\w./-]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part)
  if (set) {
    const key = set[1] ?? ''
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return set[2] === 'in'
      ? (labels) => labels[key] !== undefined && values.includes(labels[key])
      : (labels) => labels[key] === undefined || !values.includes(labels[key])
  }
  const equality = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(part)
  if (equality) {
    const [, key = '', operator, value] = equality
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  const presence = /^(!?)\s*([\w./-]+)$/.exec(part)
  if (!presence) throw badSelector(part)
  const key = presence[2] ?? ''
  return presence[1] ? (labels) => labels[key] === undefined : (labels) => labels[key] !== undefined
}

/** Field selector over any path of the object: `metadata.name=x`, `status.phase!=Running`, `involvedObject.uid=...`. */
export function fieldSelector(text: string | null): Selector {
  if (!text) return () => true
  const rules = text.split(',').map((part) => {
    const match = /^([\w.]+)(==|=|!=)(.*)$/.exec(part.trim())
    if (!match) throw badSelector(part)
    const [, path = '', operator, value = ''] = match
    return (object: KubeObject) => (fieldOf(object, path) === value) === (operator !== '!=')
  })
  return (object) => rules.every((rule) => rule(object))
}

function fieldOf(object: unknown, path: string): string {
  let at: unknown = object
  for (const key of path.split('.'))
    at = at !== null && typeof at === 'object' ? (at as Record<string, unknown>)[key] : undefined
  return at === undefined || at === null ? '' : String(at)
}
