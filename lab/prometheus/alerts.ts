import type { Sample } from './promql'

interface AlertRule {
  name: string
  severity: 'critical' | 'warning'
  metric: string
  holds(value: number): boolean
  /** How long the condition must hold before the alert fires, ms. */
  forMs: number
  summary: string
}

const alertRules: readonly AlertRule[] = [
  {
    name: 'PostgresDown',
    severity: 'critical',
    metric: 'pg_up',
    holds: (value) => value === 0,
    forMs: 5_000,
    summary: 'PostgreSQL does not respond its exporter.',
  },
  {
    name: 'ReplicationLagHigh',
    severity: 'warning',
    metric: 'pg_replication_lag_seconds',
    holds: (value) => value > 10,
    forMs: 10_000,
    summary: 'A replica is more than 10 seconds behind.',
  },
  {
    name: 'ApiErrorsHigh',
    severity: 'critical',
    metric: 'castmatch_api_error_ratio',
    holds: (value) => value > 0.05,
    forMs: 5_000,
    summary: 'More than 5 % of the requests of castmatch-api fail.',
  },
]

export interface Alert {
  rule: AlertRule
  labels: Record<string, string>
  since: number
  state: 'pending' | 'firing'
  value: number
}

/** What is pending or firing now; a condition that stopped holding, even once, starts over. Pure. */
export function evaluateAlerts(before: readonly Alert[], samples: readonly Sample[], now: number): Alert[] {
  return alertRules.flatMap((rule) =>
    samples
      .filter((sample) => sample.name === rule.metric && rule.holds(sample.value))
      .map((sample): Alert => {
        const key = JSON.stringify(sample.labels)
        const earlier = before.find((alert) => alert.rule === rule && JSON.stringify(alert.labels) === key)
        const since = earlier?.since ?? now
        const state = now - since >= rule.forMs ? 'firing' : 'pending'
        return { rule, labels: sample.labels, since, state, value: sample.value }
      }),
  )
}

/** The `ALERTS` series of Prometheus. */
export function alertSamples(alerts: readonly Alert[]): Sample[] {
  return alerts.map(({ rule, labels, state }) => ({
    name: 'ALERTS',
    labels: { ...labels, alertname: rule.name, alertstate: state, severity: rule.severity },
    value: 1,
  }))
}
