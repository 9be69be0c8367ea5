import type { DamageKind, DamageSign } from './damage'
import {
  conclude,
  type DamageMemory,
  type DamageTimes,
  type Flood,
  floods,
  type LogMemory,
  type Timed,
} from './damage-memory'
import type { LogTally } from './server-log'

/** So many statements within the time of a rate must name a missing relation: one is a person's slip. */
const leastMissing = 3
/** Begins the subject of what the log named. */
const logged = 'log: '

const violationFlood = ({ violationsMs, leastBaselineMs }: DamageTimes): Flood => ({
  ...{ windowMs: violationsMs, leastBaselineMs, factor: 5, over: 2.5, leastPerSecond: 0.5 },
})

/** What was added to the writer's log. `behind`: there is more, which is read next. */
export function takeLog(
  m: DamageMemory,
  reading: Timed<{ tally: LogTally; behind: boolean }>,
  times: DamageTimes,
): DamageMemory {
  const { startedAt, endedAt } = reading
  const { tally, behind } = reading.value
  const was = m.log
  const news = (at: number | null) => at === null || at > was.from
  const events = tally.damaged
    // Our own counting reads a page again and again that was set aside.
    .filter(({ subject, at }) => m.unreadableSetAside.length === 0 && !was.setAside.includes(subject) && news(at))
    .map(
      ({ code, subject, at }): DamageSign => ({
        rule: 'unreadable-page',
        subject: `${logged}${subject}`,
        says: `The writer's log reports damaged data (${code}): ${subject}.`,
        lastGoodAt: null,
        firstBadAt: Math.min(at ?? endedAt, endedAt),
      }),
    )
  const total = (was.violations.at(-1)?.total ?? 0) + tally.violations
  const violations = [...was.violations.filter(({ at }) => endedAt - at <= times.baselineMs), { at: endedAt, total }]
  const missing = [
    ...was.missing,
    ...tally.missing.filter(({ at }) => news(at)).map(({ relation }) => ({ relation, at: endedAt })),
  ]
    .filter(({ at }) => endedAt - at <= times.rateMs)
    .slice(-1000)
  const log: LogMemory = {
    ...was,
    violations,
    flood: floods(violations, was.flood, endedAt, violationFlood(times)),
    missing,
    readAt: behind ? was.readAt : startedAt,
    failed: null,
  }
  const held = (sign: DamageSign) =>
    was.lasting.find(({ rule, subject }) => rule === sign.rule && subject === sign.subject) ?? sign
  const named = [...new Set(missing.map(({ relation }) => relation))]
  const lasting: DamageSign[] = [
    ...named.flatMap((relation): DamageSign[] => {
      const of = missing.filter((one) => one.relation === relation)
      if (of.length < leastMissing) return []
      return [
        {
          rule: 'relation-missing',
          subject: relation,
          says: `Statements of the application fail because there is no relation ${relation} (42P01).`,
          lastGoodAt: was.readAt,
          firstBadAt: of[0]?.at ?? endedAt,
        },
      ]
    }),
    ...(log.flood
      ? [
          {
            rule: 'violations' as const,
            subject: 'constraints',
            says: 'Statements break constraints at more than 5 times the usual rate.',
            lastGoodAt: endedAt - times.violationsMs - times.logMs,
            firstBadAt: endedAt,
          },
        ]
      : []),
  ].map(held)
  // What a failover lost breaks constraints, too.
  return conclude({ ...m, log: { ...log, lasting: endedAt >= m.coolUntil ? lasting : [] } }, events, endedAt)
}

/** The log could not be read: what it would say is unknown. */
export const missLog = (m: DamageMemory, says: string): DamageMemory => ({ ...m, log: { ...m.log, failed: says } })

/** A finding was dismissed: what the log has said of it by now is taken as it is. */
export function setLogAside(m: DamageMemory, kind: DamageKind, now: number): LogMemory {
  const { log } = m
  switch (kind) {
    case 'corruption': {
      const named = m.findings
        .flatMap(({ signs }) => signs.map(({ subject }) => subject))
        .filter((one) => one.startsWith(logged))
      return {
        ...log,
        from: now,
        setAside: [...log.setAside, ...named.map((one) => one.slice(logged.length))],
        violations: log.violations.slice(-1),
        flood: false,
        lasting: log.lasting.filter(({ rule }) => rule !== 'violations'),
      }
    }
    case 'deletion':
      return { ...log, missing: [], lasting: log.lasting.filter(({ rule }) => rule !== 'relation-missing') }
    default:
      return kind satisfies never
  }
}
