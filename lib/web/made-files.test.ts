// Many people ask for the same file, or each for another, at the same moment, and some of them read slowly or go away. It is
// made once, a few at a time, whoever reads it; and nothing of it is left behind.
import { readdirSync, readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MadeFiles } from './made-files'

const limits = { what: 'Exports', atOnce: 2, waiting: 3, freshMs: 500 }
const textOf = async ({ body }: { body: ReadableStream<Uint8Array> }) => await new Response(body).text()
/** Nameless files that this process has open. */
const openFiles = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('/warroom-')
    } catch {
      return false
    }
  }).length

/** A file that is made when the test says so. */
function slow(text: string) {
  let finish = () => {}
  const held = new Promise<void>((resolve) => {
    finish = resolve
  })
  let made = 0
  return {
    make: async (write: (piece: string) => Promise<void>) => {
      made += 1
      await write(text.slice(0, 3))
      await held
      await write(text.slice(3))
    },
    finish: () => finish(),
    made: () => made,
  }
}

test('the same is made once for all who ask while it is made, and shortly after', async () => {
  const files = new MadeFiles(limits)
  const one = slow('the report')
  const asked = Array.from({ length: 20 }, () => files.read('a', one.make))
  one.finish()
  expect(await Promise.all((await Promise.all(asked)).map(textOf))).toEqual(Array(20).fill('the report'))
  expect(await textOf(await files.read('a', one.make))).toBe('the report')
  expect(one.made()).toBe(1)
  await expect.poll(openFiles).toBe(0)
  expect(await textOf(await files.read('a', slowButDone('anew').make))).toBe('anew')
})

const slowButDone = (text: string) => {
  const one = slow(text)
  one.finish()
  return one
}

test('so many are made at once, so many wait, and more are refused with when to try again', async () => {
  const files = new MadeFiles(limits)
  const each = Array.from({ length: 7 }, (_, i) => slow(`file ${i}`))
  const asked = each.map((one, i) => files.read(`k${i}`, one.make).then(textOf))
  for (const refused of asked.slice(5))
    await expect(refused).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 10 })
  await expect.poll(() => each.map((one) => one.made())).toEqual([1, 1, 0, 0, 0, 0, 0])
  for (const [i, one] of each.slice(0, 5).entries()) {
    one.finish()
    expect(await asked[i]).toBe(`file ${i}`)
  }
})

test('one that could not be made is told to all who waited, takes no place, and is made anew', async () => {
  const files = new MadeFiles({ ...limits, atOnce: 1 })
  const fails = () => Promise.reject(new Error('no'))
  for (let i = 0; i < 3; i++) {
    const both = [files.read('a', fails), files.read('a', fails)]
    for (const one of both) await expect(one).rejects.toThrow('no')
  }
  expect(await textOf(await files.read('a', slowButDone('well').make))).toBe('well')
})

test('a reader that goes away in the middle, or reads late, changes nothing for others, and the file goes in the end', async () => {
  const files = new MadeFiles(limits)
  const big = 'x'.repeat(300_000)
  const one = slowButDone(big)
  const [leaves, late, other] = await Promise.all([1, 2, 3].map(() => files.read('a', one.make)))
  await leaves?.body.cancel()
  expect(other && (await textOf(other))).toBe(big)
  await expect.poll(async () => (await files.read('b', slowButDone('b').make)).bytes).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 2 * limits.freshMs))
  expect(openFiles()).toBeGreaterThan(0)
  expect(late && (await textOf(late))).toBe(big)
})
