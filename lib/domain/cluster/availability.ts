import { days } from '../units'
import type { AvailabilityView } from './types'

/** One minute of write probes. */
export interface Minute {
  minute: number
  probes: number
  failed: number
}

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** First and last+1 millisecond of the month (UTC) in which a moment lies. */
export function monthOf(now: number): { fromMs: number; toMs: number; label: string } {
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return { fromMs: Date.UTC(year, month, 1), toMs: Date.UTC(year, month + 1, 1), label: monthNames[month] ?? '' }
}

/** Downtime that an objective leaves in a month: 99.9 % of 30 days leaves 43 min 12 s. */
export function budgetSeconds(objective: number, fromMs: number, toMs: number): number {
  return Math.round(((1 - objective) * (toMs - fromMs)) / 1000)
}

/**
 * Availability of the month so far. Down are the minutes in which at least half of the write probes failed (procedures,
 * section 6). Minutes without samples count for neither: `coverage` says how much of the month was watched.
 */
export function availabilityOf(
  minutes: readonly Minute[],
  now: number,
  objective: number,
  downSince: number | null,
): AvailabilityView {
  const { fromMs, toMs, label } = monthOf(now)
  const own = minutes.filter((m) => m.minute >= fromMs && m.minute <= now && m.probes > 0)
  const down = own.filter((m) => m.failed * 2 >= m.probes).length
  const passed = Math.max(1, Math.ceil((now - fromMs) / 60_000))
  return {
    monthLabel: label,
    budgetSeconds: budgetSeconds(objective, fromMs, Math.max(toMs, fromMs + days(1))),
    usedSeconds: down * 60,
    coverage: Math.min(1, own.length / passed),
    downSince,
  }
}
