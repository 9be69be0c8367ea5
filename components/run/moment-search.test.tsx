/** A search for the moment of damage on the run's screen, as the server renders it: the interval, each answer, and what is left. */
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { MomentSearch } from './moment-search'

const t0 = Date.UTC(2026, 10, 29, 3)
const minute = 60_000

it('shows each answer with its moment, the interval so far, and how many restores are left', () => {
  const html = renderToStaticMarkup(
    <MomentSearch
      search={{
        fromAt: t0,
        toAt: t0 + 64 * minute,
        goodAt: t0 + 16 * minute,
        badAt: t0 + 32 * minute,
        probes: [
          { n: 1, at: t0 + 32 * minute, verdict: 'damaged', says: 'Table bookings is missing.', tookMs: 30 * minute },
          { n: 2, at: t0 + 16 * minute, verdict: 'sound', says: 'Table bookings exists.', tookMs: 28 * minute },
          { n: 3, at: t0 + 24 * minute, verdict: null, says: '', tookMs: null },
        ],
        most: 5,
        perProbe: '29 min each so far',
      }}
    />,
  )
  for (const words of [
    'DAMAGED',
    'GOOD',
    'UNDER WAY',
    '2026-11-29 03:32:00 UTC',
    'Table bookings exists.',
    '3 of at most 5, 29 min each so far',
    '16 min',
  ])
    expect(html).toContain(words)
})
