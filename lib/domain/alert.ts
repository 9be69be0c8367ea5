/* Alerts from outside: which are problems, which are grave, and how a storm of them is shown. */

/** How grave an alert is, gravest first. A severity that nobody here knows is taken for grave: an unknown word proves nothing. */
export const gravities = ['critical', 'unknown', 'warning', 'info'] as const
export type Gravity = (typeof gravities)[number]

const critical = /^(critical|crit|fatal|emergency|page|high|error|major|sev-?[12]|p[12])$/
const warning = /^(warning|warn|minor|medium|moderate|sev-?3|p3)$/
const info = /^(info|informational|information|notice|low|debug|sev-?[45]|p[45])$/

/** The gravity of a sender's own word for it. */
export function gravityOf(severity: string | null): Gravity {
  const word = severity?.trim().toLowerCase() ?? ''
  if (critical.test(word)) return 'critical'
  if (warning.test(word)) return 'warning'
  if (info.test(word)) return 'info'
  return 'unknown'
}

/** Alerts that always fire, by the names that kube-prometheus and others give them: they prove that alerting works. */
const heartbeats = new Set(['watchdog', 'infoinhibitor', 'deadmansswitch', 'deadmansnitch'])

/** Does this alert fire while all is well? It is then no problem, neither in a list nor in a check. */
export const isHeartbeat = (name: string | null, severity: string | null): boolean =>
  heartbeats.has((name ?? '').toLowerCase().replace(/[^a-z]/g, '')) || severity?.trim().toLowerCase() === 'none'

/** Labels that an alert must have to be about this environment; none: every alert is. */
export type OwnAlerts = Readonly<Record<string, string>>

/** Is an alert with these labels about this environment? */
export const isOwn = (own: OwnAlerts, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(own).every(([label, value]) => Object.hasOwn(labels, label) && labels[label] === value)
