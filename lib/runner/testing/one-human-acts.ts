import fc from 'fast-check'
import { type Role, roles } from '../../domain/people/permissions'
import type { Switch } from './one-effect'

/** What one of them does; `as` and `who` pick among the accounts that there are then. */
export type Act =
  | { do: 'start' | 'approve' | 'break-glass' | 'retry' | 'undo' | 'skip' | 'by-hand' | 'hand-done'; as: number }
  | { do: 'revise' | 'pause' | 'resume' | 'stop' | 'sign-in'; as: number }
  | { do: 'add' | 'role'; as: number; who: number; role: Role }
  | { do: 'password' | 'enable' | 'disable' | 'link' | 'unlink'; as: number; who: number }
  | { do: 'time'; hours: number }
  | { do: 'ann-approves' }
  | { do: 'world'; next: Switch['next']; proves: boolean }

// Low numbers are likelier: her own account and the one that she got hold of first.
const pick = fc.oneof(fc.nat({ max: 2 }), fc.nat({ max: 9 }))
const plain = <D extends Extract<Act, { as: number }>['do']>(...what: D[]) =>
  fc.record({ do: fc.constantFrom(...what), as: pick })
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: plain('start') as fc.Arbitrary<Act> },
  { weight: 7, arbitrary: plain('approve') as fc.Arbitrary<Act> },
  { weight: 5, arbitrary: plain('retry', 'undo', 'skip', 'by-hand', 'hand-done', 'revise') as fc.Arbitrary<Act> },
  { weight: 2, arbitrary: plain('pause', 'resume', 'stop', 'sign-in') as fc.Arbitrary<Act> },
  { weight: 1, arbitrary: plain('break-glass') as fc.Arbitrary<Act> },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('add' as const, 'role' as const),
      as: pick,
      who: pick,
      role: fc.constantFrom(...roles.slice(1)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(...(['password', 'enable', 'disable', 'link', 'unlink'] as const)),
      as: pick,
      who: pick,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), hours: fc.constantFrom(1, 23, 25, 49) }) },
  { weight: 3, arbitrary: fc.constant<Act>({ do: 'ann-approves' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('world' as const),
      next: fc.constantFrom(...(['works', 'refused', 'lost', 'reply-lost'] as const)),
      proves: fc.boolean(),
    }),
  },
)

/** How she comes by a second account. */
const gain: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), as: pick, who: pick, role: fc.constantFrom(...roles.slice(1)) }),
  fc.record({ do: fc.constantFrom('password' as const, 'link' as const), as: pick, who: pick }),
)

/** A few accounts, a run, and then whatever comes to mind. */
export const story: fc.Arbitrary<Act[]> = fc
  .tuple(
    fc.array(gain, { maxLength: 3 }),
    plain('start') as fc.Arbitrary<Act>,
    fc.array(act, { minLength: 3, maxLength: 14 }),
  )
  .map(([gains, start, acts]) => [...gains, start, ...acts])
