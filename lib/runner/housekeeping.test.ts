import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHousekeeping } from './housekeeping'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('sweeps soon after the start and every hour while this runner leads, and not while it stands by', async () => {
  let leads = true
  const sweep = vi.fn(async () => {})
  const housekeeping = createHousekeeping({
    leads: () => leads,
    firstAfterMs: 60_000,
    everyMs: 3_600_000,
    tasks: { sweep },
    log: () => {},
  })
  housekeeping.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sweep).toHaveBeenCalledTimes(1)
  leads = false
  await vi.advanceTimersByTimeAsync(2 * 3_600_000)
  expect(sweep).toHaveBeenCalledTimes(1)
  leads = true
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(sweep).toHaveBeenCalledTimes(2)
  await housekeeping.stop()
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(sweep).toHaveBeenCalledTimes(2)
})

test('a task that fails is told, keeps no other from running, and is tried again', async () => {
  const told = vi.fn()
  const fails = vi.fn(async () => {
    throw new Error('the store is away')
  })
  const works = vi.fn(async () => {})
  const housekeeping = createHousekeeping({
    leads: () => true,
    firstAfterMs: 1000,
    everyMs: 1000,
    tasks: { fails, works },
    log: told,
  })
  housekeeping.start()
  await vi.advanceTimersByTimeAsync(2000)
  expect(fails).toHaveBeenCalledTimes(2)
  expect(works).toHaveBeenCalledTimes(2)
  expect(told).toHaveBeenCalledWith('warn', expect.any(String), expect.objectContaining({ task: 'fails' }))
  await housekeeping.stop()
})
