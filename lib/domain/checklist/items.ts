/** The ten things that must hold after a recovery. Source: the customer's checklist; criteria of procedures.md section 5. */
interface ChecklistDefinition {
  key: string
  number: number
  title: string
  criterion: string
}

export const checklistItems = [
  {
    key: 'connectivity',
    number: 1,
    title: 'Connectivity',
    criterion: 'Writes and reads through the endpoint succeed for 30 s without an error; the session is not read-only.',
  },
  {
    key: 'app-health',
    number: 2,
    title: 'Application health',
    criterion: 'All replicas of every deployment are available and the rollout is complete.',
  },
  {
    key: 'data-integrity',
    number: 3,
    title: 'Data integrity',
    criterion:
      'Critical tables contain the rows counted before the recovery. Sequences are ahead of their keys, and no index is invalid or damaged.',
  },
  {
    key: 'performance',
    number: 4,
    title: 'Performance',
    criterion:
      'For 10 min, errors stay below 0.5 % and p95 at most 1.5 times the usual. Usual is the same hour a week before, or the hour before the impact. Differences below 20 ms do not count.',
  },
  { key: 'alerts', number: 5, title: 'Alerts', criterion: 'No alert of ours is firing.' },
  {
    key: 'backups',
    number: 6,
    title: 'Backups',
    criterion:
      'Backups are kept for at least 1 day, and the latest restorable time is less than 10 min old. If S3 backups are configured, the newest is usable, not overdue, and copied to the other region.',
  },
  {
    key: 'replication',
    number: 7,
    title: 'Replication',
    criterion: 'Every expected reader replicates and is less than 30 s behind. No slot has lost its WAL.',
  },
  {
    key: 'security-groups',
    number: 8,
    title: 'Security groups',
    criterion: 'The writer has the security groups of the old writer and is not quarantined.',
  },
  { key: 'tls', number: 9, title: 'TLS', criterion: 'The certificate of the writer is valid for more than 30 days.' },
  {
    key: 'dns',
    number: 10,
    title: 'DNS',
    criterion: 'The cluster endpoint resolves to the writer. All DNS resolvers have agreed for twice the TTL.',
  },
] as const satisfies readonly ChecklistDefinition[]

export type ChecklistKey = (typeof checklistItems)[number]['key']
export const checklistKeys = checklistItems.map((item) => item.key) as [ChecklistKey, ...ChecklistKey[]]
export const checklistItem = (key: string): ChecklistDefinition | null =>
  checklistItems.find((item) => item.key === key) ?? null

/** What a probe found: `impossible` is an item that nothing here can probe. */
export type ProbeState = 'pass' | 'fail' | 'unknown' | 'impossible'

/**
 * The state of an item after a probe. What held and holds no more is reopened; a hand tick stands only until a probe
 * sees a failure. What cannot be looked at now leaves a hand tick as it is.
 */
export function afterProbe(
  before: { state: string; reopened: boolean },
  found: ProbeState,
): { state: string; reopened: boolean } {
  const held = before.state === 'pass' || before.state === 'hand'
  if (found === 'pass') return { state: 'pass', reopened: false }
  if (before.state === 'hand' && found !== 'fail') return before
  return { state: found, reopened: before.reopened || (held && found === 'fail') }
}
