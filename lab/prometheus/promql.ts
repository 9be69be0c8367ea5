export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** The query cannot be parsed; `message` is worded as Prometheus words it. */
export class QueryError extends Error {
  constructor(position: number, what: string) {
    super(`invalid parameter "query": 1:${position + 1}: parse error: ${what}`)
    this.name = 'QueryError'
  }
}

type Matcher = (labels: Record<string, string>) => boolean

/** An instant query: a number, or a selector, which may stand in one of sum, min, max, avg, count. */
type Query =
  | { kind: 'scalar'; value: number }
  | { kind: 'vector'; aggregate: Aggregate | null; matches: (sample: Sample) => boolean }

const aggregates = {
  sum: (values: number[]) => values.reduce((a, b) => a + b, 0),
  min: (values: number[]) => Math.min(...values),
  max: (values: number[]) => Math.max(...values),
  avg: (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length,
  count: (values: number[]) => values.length,
}
type Aggregate = keyof typeof aggregates

/** Parses the part of PromQL that the lab answers. Throws QueryError. */
export function parseQuery(text: string): Query {
  if (text.trim() === '') throw new QueryError(0, 'no expression found in input')
  if (/^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) return { kind: 'scalar', value: Number(text) }
  const wrapped = /^\s*(sum|min|max|avg|count)\s*\(([\s\S]*)\)\s*$/.exec(text)
  const inner = wrapped?.[2] ?? text
  const offset = wrapped ? text.indexOf('(') + 1 : 0
  return {
    kind: 'vector',
    aggregate: (wrapped?.[1] as Aggregate | undefined) ?? null,
    matches: selector(inner, offset),
  }
}

function selector(text: string, offset: number): (sample: Sample) => boolean {
  const head = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*/.exec(text)
  const name = head?.[1]
  let at = head?.[0].length ?? 0
  const matchers: Matcher[] = []
  if (text[at] === '{') {
    at += 1
    for (;;) {
      const rest = text.slice(at)
      const end = /^\s*\}/.exec(rest)
      if (end) {
        at += end[0].length
        break
      }
      const matcher = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(,)?/.exec(
        rest,
      )
      if (!matcher)
        throw new QueryError(offset + at, `unexpected ${show(rest)} in label matching, expected label matcher or "}"`)
      matchers.push(labelMatcher(matcher[1] ?? '', matcher[2] ?? '=', unquote(matcher[3] ?? '""'), offset + at))
      at += matcher[0].length
      if (!matcher[4] && !/^\s*\}/.test(text.slice(at)))
        throw new QueryError(offset + at, `unexpected ${show(text.slice(at))} in label matching, expected "," or "}"`)
    }
  }
  const rest = text.slice(at)
  if (rest.trim() !== '') throw new QueryError(offset + at, `unexpected ${show(rest)}`)
  if (!name && matchers.length === 0)
    throw new QueryError(offset, 'vector selector must contain at least one non-empty matcher')
  return (sample) => {
    if (name && sample.name !== name) return false
    const labels = { ...sample.labels, __name__: sample.name }
    return matchers.every((matches) => matches(labels))
  }
}

function labelMatcher(label: string, operator: string, value: string, position: number): Matcher {
  if (operator === '=') return (labels) => (labels[label] ?? '') === value
  if (operator === '!=') return (labels) => (labels[label] ?? '') !== value
  let pattern: RegExp
  try {
    pattern = new RegExp(`^(?:${value})$`)
  } catch {
    throw new QueryError(position, `error parsing regexp: ${value}`)
  }
  return (labels) => pattern.test(labels[label] ?? '') === (operator === '=~')
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

function show(text: string): string {
  const trimmed = text.trim()
  return trimmed === '' ? 'end of input' : JSON.stringify(trimmed.slice(0, 20))
}

/** Evaluates a query over the samples of one moment, as the `data` of Prometheus' answer. */
export function evaluate(query: Query, samples: readonly Sample[], atSeconds: number): Record<string, unknown> {
  if (query.kind === 'scalar') return { resultType: 'scalar', result: [atSeconds, format(query.value)] }
  const found = samples.filter(query.matches)
  if (query.aggregate) {
    const values = found.map((sample) => sample.value)
    const result =
      values.length > 0 ? [{ metric: {}, value: [atSeconds, format(aggregates[query.aggregate](values))] }] : []
    return { resultType: 'vector', result }
  }
  return {
    resultType: 'vector',
    result: found.map((sample) => ({
      metric: { __name__: sample.name, ...sample.labels },
      value: [atSeconds, format(sample.value)],
    })),
  }
}

function format(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
