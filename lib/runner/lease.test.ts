// One of several runners leads. The leader may die, lose the store, or be overtaken while it slept.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LeaseStore } from '../ports/lease-store'
import { type Leadership, Lease } from './lease'

/** A lease store in memory, on the moved clock; `down` makes every call fail or hang. */
class MemoryLeases implements LeaseStore {
  down: 'refused' | 'hung' | null = null
  #row: { holder: string; epoch: number; expiresAt: number } | null = null

  async #gate(): Promise<void> {
    if (this.down === 'refused') throw new Error('connection refused')
    if (this.down === 'hung') await new Promise(() => {})
  }

  async acquire(_name: string, holder: string, ttlMs: number) {
    await this.#gate()
    const now = Date.now()
    const row = this.#row
    if (row && row.expiresAt > now && row.holder !== holder)
      return { held: false as const, holder: row.holder, epoch: row.epoch, expiresInMs: row.expiresAt - now }
    const epoch = row && row.holder === holder && row.expiresAt > now ? row.epoch : (row?.epoch ?? 0) + 1
    this.#row = { holder, epoch, expiresAt: now + ttlMs }
    return { held: true as const, epoch, expiresInMs: ttlMs }
  }

  async renew(_name: string, holder: string, epoch: number, ttlMs: number) {
    await this.#gate()
    if (this.#row?.holder !== holder || this.#row.epoch !== epoch) return false
    this.#row.expiresAt = Date.now() + ttlMs
    return true
  }

  async release(_name: string, holder: string, epoch: number) {
    await this.#gate()
    if (this.#row?.holder === holder && this.#row.epoch === epoch) this.#row.expiresAt = 0
  }
}

const epochOf = (l: Lease) => (l.state.leading ? l.state.epoch : null)

describe('the lease of the collection', () => {
  let store: MemoryLeases
  const made: Lease[] = []
  const join = (name: string) => {
    const lease = new Lease(store, 'collector', name)
    made.push(lease)
    lease.start()
    return lease
  }
  beforeEach(() => {
    vi.useFakeTimers()
    store = new MemoryLeases()
  })
  afterEach(async () => {
    store.down = null
    for (const l of made.splice(0)) await l.stop()
    vi.useRealTimers()
  })

  it('is held by exactly one of two, and stays with it', async () => {
    const [a, b] = [join('a'), join('b')]
    for (let i = 0; i < 50; i += 1) {
      await vi.advanceTimersByTimeAsync(200)
      expect([a, b].filter((l) => l.state.leading)).toHaveLength(1)
    }
    expect(epochOf(a)).toBe(1)
  })

  it('passes to the standby with a higher epoch when the leader dies without a word', async () => {
    const a = join('a')
    await vi.advanceTimersByTimeAsync(100)
    const b = join('b')
    await vi.advanceTimersByTimeAsync(500)
    expect(b.state.leading).toBe(false)
    // Dead: it neither renews nor releases.
    vi.spyOn(store, 'release').mockResolvedValue()
    await a.stop()
    await vi.advanceTimersByTimeAsync(1400)
    expect(epochOf(b)).toBe(2)
  })

  it('passes to the standby as soon as it expires, at whatever moment the leader dies', async () => {
    for (let lived = 10; lived < 300; lived += 37) {
      store = new MemoryLeases()
      vi.spyOn(store, 'release').mockResolvedValue()
      const a = join('a')
      await vi.advanceTimersByTimeAsync(lived)
      const b = join('b')
      await vi.advanceTimersByTimeAsync(5)
      await a.stop()
      await vi.advanceTimersByTimeAsync(1_025 - lived - 5)
      expect([lived, epochOf(b)]).toEqual([lived, 2])
    }
  })

  it('is let go at once by an orderly end', async () => {
    const a = join('a')
    const b = join('b')
    await vi.advanceTimersByTimeAsync(100)
    await a.stop()
    await vi.advanceTimersByTimeAsync(350)
    expect(epochOf(b)).toBe(2)
  })

  it.each(['refused', 'hung'] as const)('stays with the leader while the store is %s for a minute', async (how) => {
    const [a, b] = [join('a'), join('b')]
    await vi.advanceTimersByTimeAsync(500)
    store.down = how
    await vi.advanceTimersByTimeAsync(60_000)
    expect([epochOf(a), b.state.leading]).toEqual([1, false])
    store.down = null
    await vi.advanceTimersByTimeAsync(2500)
    expect([a, b].filter((l) => l.state.leading)).toHaveLength(1)
  })

  it('is given up by a leader that finds itself overtaken', async () => {
    const a = join('a')
    const seen: Leadership[] = []
    a.on('change', (s) => seen.push(s))
    await vi.advanceTimersByTimeAsync(100)
    // It slept past its lease, and another took it meanwhile.
    vi.setSystemTime(Date.now() + 5000)
    await store.acquire('collector', 'b', 60_000)
    await vi.advanceTimersByTimeAsync(700)
    expect(a.state.leading).toBe(false)
    expect(seen.at(-1)).toEqual({ leading: false })
  })

  it('is taken provisionally, at epoch 0, by a process that never reached the store, and yields to a real one', async () => {
    store.down = 'refused'
    const a = join('a')
    await vi.advanceTimersByTimeAsync(2000)
    expect(a.state.leading).toBe(false)
    await vi.advanceTimersByTimeAsync(2000)
    expect(a.state).toEqual({ leading: true, epoch: 0, provisional: true })
    store.down = null
    await store.acquire('collector', 'b', 60_000)
    await vi.advanceTimersByTimeAsync(700)
    expect(a.state.leading).toBe(false)
  })

  describe('lets nobody act past its time', () => {
    const clock = { monotonic: 0, wall: 1_000_000 }
    const held = async () => {
      Object.assign(clock, { monotonic: 0, wall: 1_000_000 })
      const ours = { monotonicMs: () => clock.monotonic, wallMs: () => clock.wall }
      const lease = new Lease(store, 'collector', 'ours', undefined, ours)
      made.push(lease)
      lease.start()
      await vi.advanceTimersByTimeAsync(0)
      expect(lease.state.leading).toBe(true)
      return lease
    }
    // Nothing is renewed in between: a frozen process and a suspended machine run no timers.
    it.each([
      ['a process that was frozen', { monotonic: 1_000, wall: 1_001_000 }],
      ['a machine that was suspended: its monotonic clock stood still', { monotonic: 0, wall: 1_001_000 }],
      ['a machine whose wall clock was set back meanwhile', { monotonic: 1_000, wall: 900_000 }],
    ])('in %s', async (_what, thawed) => {
      const lease = await held()
      Object.assign(clock, { monotonic: 999, wall: 1_000_999 })
      expect(lease.inTime).toBe(true)
      Object.assign(clock, thawed)
      expect(lease.inTime).toBe(false)
    })
  })
})
