/*
 * Two runners want to lead. One dies, the other takes over; the first comes back and finds that its term is over.
 */
import { expect, it } from 'vitest'
import { leaseStore } from './lease'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const long = 60_000
/** Lets a lease run out at once, on the store's own clock. */
const expire = (name: string) =>
  database().owner.pool.query(`UPDATE lease SET expires_at = clock_timestamp() - interval '1 ms' WHERE name = $1`, [
    name,
  ])

it('gives a free lease to exactly one of many contenders', async () => {
  const leases = leaseStore(database().runner)
  const attempts = await Promise.all(
    Array.from({ length: 8 }, (_, i) => leases.acquire('collector:lab', `runner-${i}`, long)),
  )
  const winners = attempts.filter((a) => a.held)
  expect(winners).toHaveLength(1)
  const winner = attempts.findIndex((a) => a.held)
  for (const attempt of attempts) {
    expect(attempt.epoch).toBe(1)
    expect(attempt.expiresInMs).toBeGreaterThan(0)
    expect(attempt.expiresInMs).toBeLessThanOrEqual(long)
    if (!attempt.held) expect(attempt.holder).toBe(`runner-${winner}`)
  }
})

it('keeps the epoch while the holder extends its lease', async () => {
  const leases = leaseStore(database().runner)
  await leases.acquire('collector:lab', 'a', long)
  expect(await leases.acquire('collector:lab', 'a', long)).toMatchObject({ held: true, epoch: 1 })
  expect(await leases.renew('collector:lab', 'a', 1, long)).toBe(true)
  expect(await leases.acquire('collector:lab', 'b', long)).toMatchObject({ held: false, holder: 'a', epoch: 1 })
})

it('is free once it expired, to one contender, under the next epoch', async () => {
  const leases = leaseStore(database().runner)
  await leases.acquire('collector:lab', 'a', long)
  await expire('collector:lab')
  const attempts = await Promise.all(['b', 'c', 'd'].map((holder) => leases.acquire('collector:lab', holder, long)))
  expect(attempts.filter((a) => a.held)).toHaveLength(1)
  expect(attempts.map((a) => a.epoch)).toEqual([2, 2, 2])
})

it('expires by itself after its time', async () => {
  const leases = leaseStore(database().runner)
  await leases.acquire('collector:lab', 'a', 150)
  await expect
    .poll(() => leases.acquire('collector:lab', 'b', long), { timeout: 5_000, interval: 20 })
    .toMatchObject({ held: true, epoch: 2 })
})

it('is refused to a former holder that comes back after a take-over', async () => {
  const leases = leaseStore(database().runner)
  await leases.acquire('collector:lab', 'a', long)
  await expire('collector:lab')
  await leases.acquire('collector:lab', 'b', long)
  expect(await leases.renew('collector:lab', 'a', 1, long)).toBe(false)
  await leases.release('collector:lab', 'a', 1)
  expect(await leases.acquire('collector:lab', 'c', long)).toMatchObject({ held: false, holder: 'b', epoch: 2 })
})

it('may be extended by its holder after it ran out while nobody wanted it', async () => {
  const leases = leaseStore(database().runner)
  await leases.acquire('collector:lab', 'a', long)
  await expire('collector:lab')
  expect(await leases.renew('collector:lab', 'a', 1, long)).toBe(true)
  expect(await leases.acquire('collector:lab', 'b', long)).toMatchObject({ held: false, holder: 'a', epoch: 1 })
})

it('raises the epoch when the same holder takes an expired lease anew', async () => {
  const leases = leaseStore(database().runner)
  await leases.acquire('collector:lab', 'a', long)
  await expire('collector:lab')
  expect(await leases.acquire('collector:lab', 'a', long)).toMatchObject({ held: true, epoch: 2 })
  expect(await leases.renew('collector:lab', 'a', 1, long)).toBe(false)
})

it('is free at once after its holder let go, and its epoch still rises', async () => {
  const leases = leaseStore(database().runner)
  await leases.acquire('collector:lab', 'a', long)
  await leases.release('collector:lab', 'a', 1)
  expect(await leases.acquire('collector:lab', 'b', long)).toMatchObject({ held: true, epoch: 2 })
})
