/** Each backup is verified once when it becomes the recommended one, by the runner that leads, and a stop does not wait for it. */
import { expect, test, vi } from 'vitest'
import type { BackupSummary } from '../domain/backups/types'
import { createBackupVerifier } from './backup-verifier'

const summary = (key: string, verifiedAt: number | null = null) =>
  ({ recommended: { key, takenAt: 0, copy: 'same', place: 'own', verifiedAt } }) as BackupSummary

function stage(verify: (signal: AbortSignal) => Promise<void> = async () => {}) {
  const state = { leads: true, summary: summary('a') as BackupSummary | null, now: 0, calls: 0, told: 0 }
  const verifier = createBackupVerifier({
    leads: () => state.leads,
    summary: () => state.summary,
    verify: (signal) => {
      state.calls += 1
      return verify(signal)
    },
    now: () => state.now,
    everyMs: 10,
    againAfterMs: 1_000,
    log: () => {
      state.told += 1
    },
  })
  return { state, verifier }
}

test('once for each, again after a while when it was not verified, and never when it is', async () => {
  vi.useFakeTimers()
  const { state, verifier } = stage()
  verifier.start()
  await vi.advanceTimersByTimeAsync(100)
  expect(state.calls).toBe(1)
  state.now = 1_000
  await vi.advanceTimersByTimeAsync(100)
  expect(state.calls).toBe(2)
  state.summary = summary('b')
  await vi.advanceTimersByTimeAsync(100)
  expect(state.calls).toBe(3)
  for (const none of [summary('c', 5), { ...summary('c'), recommended: null }, null]) {
    state.summary = none
    state.now += 10_000
    await vi.advanceTimersByTimeAsync(100)
  }
  expect(state.calls).toBe(3)
  await verifier.stop()
  vi.useRealTimers()
})

test('not by a runner that does not lead', async () => {
  vi.useFakeTimers()
  const { state, verifier } = stage()
  state.leads = false
  verifier.start()
  await vi.advanceTimersByTimeAsync(100)
  expect(state.calls).toBe(0)
  await verifier.stop()
  vi.useRealTimers()
})

test('a stop ends what is under way, without a word; a failure is told', async () => {
  const { state, verifier } = stage(
    (signal) => new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason))),
  )
  verifier.start()
  await vi.waitFor(() => expect(state.calls).toBe(1), 10_000)
  await verifier.stop()
  expect([verifier.stopped, state.told]).toEqual([true, 0])
  const failing = stage(() => Promise.reject(new Error('it ended with 2')))
  failing.verifier.start()
  await vi.waitFor(() => expect(failing.state.told).toBe(1), 10_000)
  await failing.verifier.stop()
})
