import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, test } from 'vitest'
import { type FirstReading, firstReading, readingKey, viewerZone, zoneFrom } from './first-reading'
import { formatTimeOfDay } from './format'

/*
 * The server writes a page for a person in another zone. The browser takes the page over and must write the same words, or
 * the screen flickers and React draws it anew.
 */
const holder = globalThis as { [readingKey]?: AsyncLocalStorage<FirstReading> }
const noon = Date.UTC(2026, 10, 29, 12, 0, 0)

describe('what the first HTML is made with', () => {
  afterEach(() => {
    delete holder[readingKey]
  })

  test('is that of the request, also after waiting', async () => {
    const readings = new AsyncLocalStorage<FirstReading>()
    holder[readingKey] = readings
    const told = (zone: string) =>
      readings.run({ at: noon, zone }, async () => {
        await new Promise((resolve) => setImmediate(resolve))
        return [formatTimeOfDay(noon), firstReading()?.at]
      })
    expect(await Promise.all([told('Asia/Tokyo'), told('America/New_York')])).toEqual([
      ['21:00:00', noon],
      ['07:00:00', noon],
    ])
    expect(viewerZone()).toBeUndefined()
  })

  test('names the zone of the cookie where it is one, and UTC otherwise', () => {
    expect(zoneFrom('Asia%2FTokyo')).toBe('Asia/Tokyo')
    for (const wrong of [null, '', 'Nowhere/Land', '%', '"><script>']) expect(zoneFrom(wrong)).toBe('UTC')
  })
})
