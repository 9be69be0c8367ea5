import { randomUUID } from 'node:crypto'
import { ExpectedError } from '../../domain/errors'
import type { Role } from '../../domain/people/permissions'
import type { TestDatabase } from '../../store/testing/database'
import { readTimeline } from '../../store/timeline'
import type { CommandContext } from '../context'
import { declare } from '../incident/declare'
import { signedIn } from './signed-in'

export const start = Date.UTC(2026, 5, 1)
export const site = 'https://warroom.example'

/** People who are in an incident together, each of them in the test's own database. */
export function peopleOf(database: () => TestDatabase) {
  let opened = 0
  return {
    someone: (role: Role, name: string = role): Promise<CommandContext> =>
      signedIn(database(), { login: `${name}-${randomUUID()}`, name, role }, { name: 'lab', kind: 'lab' }, () => start),
    open: (
      context: CommandContext,
      more: Partial<Parameters<typeof declare>[1]> = {},
      seen?: Parameters<typeof declare>[2],
    ) =>
      declare(
        context,
        {
          title: 'Primary database failure',
          kind: 'real',
          severity: 'SEV1',
          scenario: 'S1',
          symptoms: ['connect-timeout'],
          // Each is trouble of its own: the same beginning in the same words would be the same declaration.
          impactStartedAt: start - 60_000 - opened++,
          commanderId: null,
          ...more,
        },
        seen,
      ),
    everything: (number: number) => readTimeline(database().web, { number, scope: 'everything', limit: 500 }),
    story: (number: number) => readTimeline(database().web, { number, scope: 'story', limit: 500 }),
  }
}

/** What is declared where a test needs any incident. */
export const writesFail = (): Parameters<typeof declare>[1] => ({
  title: 'Writes fail',
  kind: 'real',
  severity: 'SEV1',
  scenario: 'S1',
  symptoms: [],
  impactStartedAt: Date.now(),
  commanderId: null,
})

export const note = (number: number, text: string, kind: 'note' | 'decision' = 'note') => ({
  number,
  key: randomUUID(),
  kind,
  text,
  occurredAt: null,
})

/** How a command ended: "done", or the code of its refusal. */
export const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof ExpectedError ? error.code : String(error)),
  )
