/**
 * How long steps take that run at the same time, so many at once: each begins, in this order, as soon as there is a place.
 * Never under the longest of them, never over their sum.
 */
export function criticalPath(durations: readonly number[], atOnce: number): number {
  const places = Array.from({ length: Math.max(1, Math.min(atOnce, durations.length)) }, () => 0)
  for (const duration of durations) {
    const free = places.indexOf(Math.min(...places))
    places[free] = (places[free] ?? 0) + duration
  }
  return Math.max(...places)
}
