import { describe, expect, it } from 'vitest'
import { storeNotice, storePageNotice } from './store'

const since = Date.UTC(2026, 0, 2, 3, 12, 4)

describe('the store that does not respond', () => {
  it('is named with the time since when, and with what goes on and what does not', () => {
    expect(storeNotice({ ok: false, since }, 'UTC')).toBe(
      'The War Room store has been down since 03:12:04. Live health continues; nothing can be recorded.',
    )
  })

  it('is the reason that a page gives which needs it', () => {
    expect(storePageNotice({ ok: false, since }, 'UTC')).toContain('has been down since 03:12:04')
  })

  it('says nothing while the store answers or nobody has reported', () => {
    expect([storeNotice({ ok: true, since }), storeNotice(null)]).toEqual([null, null])
    expect([storePageNotice({ ok: true, since }), storePageNotice(null)]).toEqual([null, null])
  })
})
