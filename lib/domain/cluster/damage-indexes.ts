import type { DamageSign } from './damage'
import { conclude, type DamageMemory, type IndexCheck, type Timed, unreadable } from './damage-memory'

/** One index, checked on a reader. */
export function takeIndex(m: DamageMemory, reader: string, check: Timed<IndexCheck>): DamageMemory {
  const { startedAt, endedAt, value } = check
  const { index, result, of } = value
  const was = m.indexes
  if (index === null) return { ...m, indexes: { ...was, of, at: endedAt, failed: null } }
  const soundAt = was.checked[index]?.soundAt ?? null
  const sound = result === 'sound'
  const damaged = result !== 'sound' && unreadable(result)
  const setAside = sound ? was.setAside.filter((name) => name !== index) : was.setAside
  const events: DamageSign[] =
    !damaged || setAside.includes(index)
      ? []
      : [
          {
            rule: 'index',
            subject: index,
            says: `The index ${index} is damaged: amcheck on ${reader} answered ${result.code ?? 'with an error'}.`,
            lastGoodAt: soundAt,
            firstBadAt: endedAt,
          },
        ]
  const checked = {
    ...was.checked,
    [index]: {
      state: sound ? ('sound' as const) : damaged ? ('damaged' as const) : ('unknown' as const),
      soundAt: sound ? startedAt : soundAt,
    },
  }
  return conclude({ ...m, indexes: { checked, last: index, of, at: endedAt, failed: null, setAside } }, events, endedAt)
}

/** No index could be checked: amcheck is not there, or no reader is. */
export const missIndex = (m: DamageMemory, says: string): DamageMemory => ({
  ...m,
  indexes: { ...m.indexes, failed: says },
})

const ours = (probe: string) => `probe: ${probe}`

/** Which probes of ours meet a damaged page now, whatever they ask for. */
export function takeMet(m: DamageMemory, probes: readonly string[], now: number): DamageMemory {
  const met = probes.map(ours)
  const unreadableSetAside = m.unreadableSetAside.filter((name) => !name.startsWith(ours('')) || met.includes(name))
  const events = met
    .filter((subject) => !unreadableSetAside.includes(subject) && !m.met.includes(subject))
    .map(
      (subject, i): DamageSign => ({
        rule: 'unreadable-page',
        subject,
        says: `A probe of the War Room meets a damaged page or index: ${probes[i]}.`,
        lastGoodAt: null,
        firstBadAt: now,
      }),
    )
  return conclude({ ...m, met, unreadableSetAside }, events, now)
}
