import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { rounds } from './rounds'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('rounds follow each other with a pause, also when one of them fails', async () => {
  const told: unknown[] = []
  let begun = 0
  const r = rounds(
    async () => {
      begun += 1
      if (begun === 1) throw new Error('away')
    },
    1_000,
    (error) => told.push(String(error)),
  )
  r.start()
  await vi.advanceTimersByTimeAsync(2_500)
  expect([begun, told]).toEqual([3, ['Error: away']])
  await r.stop()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(begun).toBe(3)
})

test('a round that takes long is waited for: by the next one, and by the end', async () => {
  let ended = 0
  const r = rounds(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 10_000))
      ended += 1
    },
    1_000,
    () => {},
  )
  r.start()
  await vi.advanceTimersByTimeAsync(9_000)
  const stopping = r.stop()
  await vi.advanceTimersByTimeAsync(1_500)
  await stopping
  expect([ended, r.stopped]).toEqual([1, true])
})

test('a round that is woken comes at once, once however often it was woken, and never beside another', async () => {
  let [begun, ended] = [0, 0]
  const r = rounds(
    async () => {
      expect(begun).toBe(ended)
      begun += 1
      await new Promise((resolve) => setTimeout(resolve, 100))
      ended += 1
    },
    60_000,
    () => {},
  )
  r.start()
  for (let i = 0; i < 10; i++) r.wake() // while the first is under way
  await vi.advanceTimersByTimeAsync(1_000)
  expect(begun).toBe(2)
  for (let i = 0; i < 10; i++) r.wake() // while nothing is
  await vi.advanceTimersByTimeAsync(1_000)
  expect(begun).toBe(3)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(begun).toBe(4)
  await r.stop()
  r.wake()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(begun).toBe(4)
})

test('a round that is woken after a quiet time comes without a pause, and the next one after the gap', async () => {
  const begun: number[] = []
  const from = Date.now()
  const r = rounds(
    async () => void begun.push(Date.now() - from),
    60_000,
    () => {},
  )
  r.start()
  await vi.advanceTimersByTimeAsync(10_000)
  r.wake()
  await vi.advanceTimersByTimeAsync(50)
  r.wake()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(begun).toEqual([0, 10_000, 10_200])
  await r.stop()
})

test('the first round waits for as long as it is told to', async () => {
  const round = vi.fn(async () => {})
  const r = rounds(round, 1_000, () => {}, 60_000)
  r.start()
  await vi.advanceTimersByTimeAsync(59_999)
  expect(round).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(round).toHaveBeenCalledTimes(1)
  await r.stop()
})
