import { describe, expect, it } from 'vitest'
import { formatUnchanged, formatUnseen, nextLook } from './prove-step'

describe('the next look at a proof', () => {
  it('comes soon after the act, and rarer the longer it takes, up to the step’s own interval', () => {
    const spent = [0, 400, 1_000, 4_000, 8_000, 600_000]
    expect(spent.map((ms) => nextLook(2_000, ms, false))).toEqual([200, 200, 250, 1_000, 2_000, 2_000])
  })
  it('follows closely when looks have begun to agree, however long it took', () => {
    expect(nextLook(2_000, 300_000, true)).toBe(250)
  })
  it('never comes so soon that it is a flood', () => {
    expect(nextLook(100, 0, true)).toBe(40)
  })
})

describe('a step that is still not done after a call without a certain answer', () => {
  // Seen: a fence of which the server refused one statement ended with "Nothing happened in the allowed time".
  it('says how it is now, which statement was refused and which were done', () =>
    expect(
      formatUnchanged(
        'w answers and still takes writes: app may log in.',
        'w:5432 refused 1 of 4 statements: ALTER ROLE "app" NOLOGIN (42501). Done: ALTER DATABASE "d" SET default_transaction_read_only = on.',
      ),
    ).toBe(
      'Not done in the allowed time. w answers and still takes writes: app may log in. w:5432 refused 1 of 4 statements: ALTER ROLE "app" NOLOGIN (42501). Done: ALTER DATABASE "d" SET default_transaction_read_only = on. Choose what to do.',
    ))
  it('says why nobody could look, and what was answered', () => {
    expect(formatUnseen('RDS cannot be reached.', 'AWS returned 500 InternalFailure.')).toBe(
      'Whether it happened is unknown: RDS cannot be reached. AWS returned 500 InternalFailure. Choose what to do.',
    )
    expect(formatUnseen('RDS cannot be reached.', null)).toBe(
      'Whether it happened is unknown: RDS cannot be reached. Choose what to do.',
    )
  })
})
