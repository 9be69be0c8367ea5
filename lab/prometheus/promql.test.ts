import { expect, test } from 'vitest'
import { type Alert, evaluateAlerts } from './alerts'
import { evaluate, parseQuery, type Sample } from './promql'
import { workloadSamples } from './scrape'

const samples: Sample[] = [
  { name: 'pg_up', labels: { server: 'a', job: 'postgres' }, value: 1 },
  { name: 'pg_up', labels: { server: 'b', job: 'postgres' }, value: 0 },
  { name: 'up', labels: { job: 'postgres' }, value: 1 },
]
const values = (query: string) => {
  const { result } = evaluate(parseQuery(query), samples, 10) as { result: { value: [number, string] }[] }
  return result.map((one) => one.value[1])
}

test('selectors match names and labels exactly, negated and by pattern', () => {
  expect(values('pg_up')).toEqual(['1', '0'])
  expect(values('pg_up{server="a"}')).toEqual(['1'])
  expect(values('pg_up{server!="a",}')).toEqual(['0'])
  expect(values('{__name__=~"pg_.*", server=~"b|c"}')).toEqual(['0'])
  expect(values('pg_up{server!~"a|b"}')).toEqual([])
  expect(values('nothing_like_this')).toEqual([])
})

test('aggregates and numbers answer as Prometheus does', () => {
  expect(values('sum(pg_up)')).toEqual(['1'])
  expect(values('count(pg_up)')).toEqual(['2'])
  expect(values('min(nothing)')).toEqual([])
  expect(evaluate(parseQuery('1.5'), [], 10)).toEqual({ resultType: 'scalar', result: [10, '1.5'] })
})

test.each(['', 'pg_up{', 'pg_up{a=}', 'pg_up{a="b" c="d"}', '{}', 'pg up', 'rate(x[5m])', 'a{b=~"("}'])(
  'a query that cannot be parsed is refused: %j',
  (text) => {
    expect(() => parseQuery(text)).toThrow(/^invalid parameter "query": 1:\d+: parse error: /)
  },
)

test('an alert is pending, fires after its delay, and starts over when the condition stops once', () => {
  const down: Sample[] = [{ name: 'pg_up', labels: { server: 'a' }, value: 0 }]
  let alerts: Alert[] = evaluateAlerts([], down, 0)
  expect(alerts.map((alert) => alert.state)).toEqual(['pending'])
  alerts = evaluateAlerts(alerts, down, 5_000)
  expect(alerts.map((alert) => [alert.rule.name, alert.state])).toEqual([['PostgresDown', 'firing']])
  alerts = evaluateAlerts(alerts, [{ name: 'pg_up', labels: { server: 'a' }, value: 1 }], 6_000)
  expect(alerts).toEqual([])
  expect(evaluateAlerts(alerts, down, 7_000).map((alert) => alert.state)).toEqual(['pending'])
})

test('error ratio and p95 come from the attempts of the last 15 s, and are absent without any', () => {
  const attempts = Array.from({ length: 20 }, (_, i) => ({ at: 100_000, region: 'r', ok: i > 0, ms: i + 1 }))
  const found = workloadSamples([{ at: 1_000, region: 'r', ok: false, ms: 900 }, ...attempts], 101_000)
  expect(found.find((sample) => sample.name === 'castmatch_api_error_ratio')?.value).toBe(0.05)
  expect(found.find((sample) => sample.name === 'castmatch_api_p95_ms')?.value).toBe(19)
  expect(workloadSamples(attempts, 200_000)).toEqual([])
})
