/*
 * Weeks of samples: the last hours whole, the rest by the minute, nothing for ever, and no peak smoothed away.
 */
import { describe, expect, it } from 'vitest'
import type { LagPoint } from '../domain/cluster/types'
import { fullForMs, keptForMs, lagHistoryStore } from './history'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const now = Date.UTC(2026, 5, 15, 12, 0, 0)
const minute = 60_000
const point = (at: number, seconds: number | null): LagPoint => ({
  at,
  byNode: { reader: seconds === null ? null : { seconds, bytes: seconds * 1000 } },
})

describe('the lag history', () => {
  it('gives back what it was given, oldest first, within the span and the environment', async () => {
    const history = lagHistoryStore(database().runner)
    await history.append('lab', [point(now + 1000, 2), point(now, 1), point(now + 2000, null)])
    await history.append('staging', [point(now, 99)])
    expect(await history.read('lab', now, now + 1500, 100)).toEqual([point(now, 1), point(now + 1000, 2)])
    expect((await history.read('lab', now, now + 9000, 100)).at(-1)).toEqual(point(now + 2000, null))
  })

  it('takes the same batch twice without a change', async () => {
    const history = lagHistoryStore(database().runner)
    const batch = [point(now, 1), point(now + 1000, 2)]
    await history.append('lab', batch)
    await history.append('lab', batch)
    expect(await history.read('lab', now, now + 9000, 100)).toEqual(batch)
  })

  it('thins what is asked for to the worst of each span and keeps a gap only where all is unknown', async () => {
    const history = lagHistoryStore(database().runner)
    await history.append('lab', [
      ...Array.from({ length: 50 }, (_, i) => point(now + i * 1000, i === 17 ? 500 : 1)),
      ...Array.from({ length: 50 }, (_, i) => point(now + (50 + i) * 1000, null)),
    ])
    const read = await history.read('lab', now, now + 99_999, 10)
    expect(read).toHaveLength(10)
    expect(read.map((p) => p.byNode.reader?.seconds ?? null)).toEqual([1, 500, 1, 1, 1, null, null, null, null, null])
  })

  it('keeps the last six hours whole and the worst of each minute before', async () => {
    const history = lagHistoryStore(database().runner)
    const old = now - fullForMs - 10 * minute
    const older = Array.from({ length: 180 }, (_, i) =>
      point(old + i * 1000, i < 60 ? (i === 30 ? 77 : 3) : i < 120 ? null : 5),
    )
    const recent = [point(now - 2000, 1), point(now - 1000, 2)]
    await history.append('lab', [...older, ...recent])
    await history.prune('lab', now)
    await history.prune('lab', now)
    const read = await history.read('lab', now - keptForMs, now, 10_000)
    expect(read).toEqual([point(old, 77), point(old + minute, null), point(old + 2 * minute, 5), ...recent])
    const full = await database().runner.prisma.lagSample.count()
    expect(full).toBe(recent.length)
  })

  it('deletes after thirty days, in one environment alone', async () => {
    const history = lagHistoryStore(database().runner)
    const ancient = now - keptForMs - 3 * 24 * 60 * minute
    for (const environment of ['lab', 'staging']) {
      await history.append(environment, [point(ancient, 1), point(now - keptForMs + minute, 2)])
      await history.appendMarks(environment, [{ at: ancient, kind: 'event', text: 'long ago' }])
      await history.saveMinutes(environment, [{ minute: ancient, probes: 60, failed: 0 }])
    }
    await history.prune('lab', now)
    expect(await history.read('lab', 0, now, 100)).toEqual([point(now - keptForMs + minute, 2)])
    expect(await history.readMarks('lab', 0, now)).toEqual([])
    expect(await history.readMinutes('lab', 0, now)).toEqual([])
    expect(await history.read('staging', 0, now, 100)).toHaveLength(2)
    expect(await history.readMarks('staging', 0, now)).toHaveLength(1)
  })
})

describe('marks and probe minutes', () => {
  it('keeps each mark once, in order', async () => {
    const history = lagHistoryStore(database().runner)
    const marks = [
      { at: now + 5, kind: 'detection', text: 'Primary suspected' },
      { at: now, kind: 'fault', text: 'Kill the writer' },
    ] as const
    await history.appendMarks('lab', [...marks])
    await history.appendMarks('lab', [marks[0]])
    expect(await history.readMarks('lab', now, now + 10)).toEqual([marks[1], marks[0]])
  })

  it('keeps the greater figures of a minute that is sent again', async () => {
    const history = lagHistoryStore(database().runner)
    await history.saveMinutes('lab', [
      { minute: now, probes: 30, failed: 4 },
      { minute: now, probes: 20, failed: 5 },
    ])
    await history.saveMinutes('lab', [{ minute: now, probes: 60, failed: 3 }])
    await history.saveMinutes('lab', [{ minute: now, probes: 10, failed: 0 }])
    expect(await history.readMinutes('lab', now, now)).toEqual([{ minute: now, probes: 60, failed: 5 }])
  })
})
