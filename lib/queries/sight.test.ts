import { describe, expect, it } from 'vitest'
import { skewFrom } from './clock'
import { sightOf } from './sight'

const now = 1_000_000

describe('sight of an observation', () => {
  it('is live within three intervals', () => expect(sightOf(now - 2900, 1000, now)).toBe('live'))
  it('is late after three intervals', () => expect(sightOf(now - 3100, 1000, now)).toBe('late'))
  it('is blind after a minute', () => expect(sightOf(now - 60_001, 1000, now)).toBe('blind'))
  it('is blind when nothing was ever observed, whatever the interval', () =>
    expect(sightOf(null, Number.POSITIVE_INFINITY, now)).toBe('blind'))
  it('allows a fast source the jitter of a network', () => expect(sightOf(now - 1400, 100, now)).toBe('live'))
  it('calls a slow source late before it calls it blind', () => {
    expect(sightOf(now - 170_000, 60_000, now)).toBe('live')
    expect(sightOf(now - 200_000, 60_000, now)).toBe('late')
    expect(sightOf(now - 301_000, 60_000, now)).toBe('blind')
  })
})

describe('a browser with a wrong clock', () => {
  const header = new Date(50_000).toUTCString()
  it('is corrected when it is minutes ahead', () => expect(skewFrom(header, 350_400, 350_600)).toBe(300_000))
  it('is left alone within the two seconds that a header cannot tell', () =>
    expect(skewFrom(header, 51_000, 51_200)).toBe(0))
  it('is not judged by an answer that took long', () => expect(skewFrom(header, 51_000, 58_000)).toBeNull())
  it('is not judged without a header', () => expect(skewFrom(null, 0, 10)).toBeNull())
})
