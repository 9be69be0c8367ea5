// Scenario 25: the date changes, and the clocks are put back, while a run is under way. What it names and sends is fixed at its
// start, so nothing of it depends on the hour or the zone.
import { afterEach, expect, test, vi } from 'vitest'
import { digestOf } from '../domain/procedure/canonical'
import { renderCall } from '../domain/procedure/render'
import { definitionHash } from './contract'
import { procedures } from './index'
import { callsOf } from './previewing'
import { everything } from './testing/surroundings'

const zone = process.env.TZ
afterEach(() => {
  vi.useRealTimers()
  process.env.TZ = zone
})

/** Everything that every procedure would send, and the identity of its steps, at one moment in one zone. */
function everythingAt(time: string, tz: string): string[] {
  process.env.TZ = tz
  vi.useFakeTimers({ now: new Date(time) })
  const found = procedures.flatMap((procedure) => {
    const ctx = {
      runId: 'run-1',
      mode: 'real' as const,
      startedAt: Date.UTC(2026, 9, 24),
      ...procedure.imagined(null, everything),
    }
    return procedure
      .steps(everything)
      .flatMap((step) => [
        definitionHash(procedure.version, step),
        ...callsOf(step, ctx, everything).flatMap(({ call }) => [renderCall(call), digestOf(call)]),
      ])
  })
  vi.useRealTimers()
  return found
}

test('names, commands, digests and steps are the same before and after', () => {
  const start = everythingAt('2026-10-24T23:59:59Z', 'UTC')
  expect(start.length).toBeGreaterThan(10)
  expect(everythingAt('2026-10-25T00:00:01Z', 'UTC')).toEqual(start)
  // The hour that happens twice, and the zone of somebody's laptop.
  expect(everythingAt('2026-10-25T00:30:00Z', 'Europe/Berlin')).toEqual(start)
  expect(everythingAt('2026-10-25T01:30:00Z', 'Europe/Berlin')).toEqual(start)
  expect(everythingAt('2027-01-01T00:00:00Z', 'America/Los_Angeles')).toEqual(start)
})
