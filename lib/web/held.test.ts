/*
 * A wall hangs in a room while the store is away: what was read last stays, and says how old it is. However many walls ask,
 * the store is asked once at a time.
 */
import { expect, it } from 'vitest'
import { ExpectedError } from '../domain/errors'
import { sharedReading } from './held'

const away = () => new ExpectedError('store-unavailable', 'The store does not respond.')

function scene(patienceMs = 20) {
  let now = 1000
  const asked: { resolve: (value: string) => void; reject: (error: unknown) => void }[] = []
  const read = sharedReading(
    () => new Promise<string>((resolve, reject) => asked.push({ resolve, reject })),
    100,
    patienceMs,
    () => now,
  )
  return {
    read,
    asked,
    later: (ms: number) => {
      now += ms
    },
  }
}

it('all who ask while a reading runs, and shortly after, get that one', async () => {
  const { read, asked, later } = scene()
  const both = [read(), read()]
  asked[0]?.resolve('one')
  expect(await Promise.all(both)).toEqual([
    { value: 'one', heldSince: null },
    { value: 'one', heldSince: null },
  ])
  later(50)
  await read()
  expect(asked).toHaveLength(1)
  later(100)
  const next = read()
  asked[1]?.resolve('two')
  expect((await next).value).toBe('two')
})

it('while the store is away the last reading stays and says since when; it is read anew when the store is back', async () => {
  const { read, asked, later } = scene()
  const first = read()
  asked[0]?.resolve('one')
  await first
  later(5000)
  const second = read()
  asked[1]?.reject(away())
  expect(await second).toEqual({ value: 'one', heldSince: 1000 })
  later(5000)
  const third = read()
  asked[2]?.resolve('two')
  expect(await third).toEqual({ value: 'two', heldSince: null })
})

it('a store that hangs is asked once, and keeps nobody waiting', async () => {
  const { read, asked, later } = scene(5)
  const first = read()
  asked[0]?.resolve('one')
  await first
  later(1000)
  expect(await read()).toEqual({ value: 'one', heldSince: 1000 })
  later(1000)
  expect(await read()).toEqual({ value: 'one', heldSince: 1000 })
  expect(asked).toHaveLength(2)
})

it('fails when there was never a reading, and for any other reason', async () => {
  const { read, asked, later } = scene()
  const first = read()
  asked[0]?.reject(away())
  await expect(first).rejects.toThrow('does not respond')
  later(1000)
  const second = read()
  asked[1]?.resolve('one')
  await second
  later(1000)
  const third = read()
  asked[2]?.reject(new Error('a bug'))
  await expect(third).rejects.toThrow('a bug')
})
