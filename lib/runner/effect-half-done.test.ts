// A call has several parts, and one of them fails. Where an earlier part has happened, or may have, the call as a whole was not
// refused, however certainly the part was: it is observed.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Call } from '../domain/procedure/call'
import { kubernetesCall, poolerCall, poolerCommands, sessionsCall, sqlCall } from '../domain/procedure/testing/calls'
import type { FleetControl } from '../ports/fleet-control'
import type { Pooler } from '../ports/pooler'
import { PortError } from '../ports/port-error'
import { sendBy } from './effects'

type Fate = 'done' | 'refused' | 'lost'
const commands = ['PAUSE', 'KILL', 'RECONNECT', 'RESUME'] as const
const fates = ['done', 'refused', 'lost'] as const

/** A pooler each of whose commands has its own fate; a PAUSE may also hang. */
function pooler(fateOf: (command: string) => Fate, hangs: boolean) {
  const begun: string[] = []
  const act = async (command: string) => {
    const fate = fateOf(command)
    if (fate !== 'refused') begun.push(command)
    if (fate === 'refused') throw new PortError('state', 'No.', { outcome: 'rejected', probe: 'api' })
    if (fate === 'lost') throw new PortError('unreachable', 'Gone.', { outcome: 'unknown', probe: 'closed' })
  }
  const port: Pick<Pooler, 'pause' | 'kill' | 'reconnect' | 'resume'> = {
    async pause() {
      await act('PAUSE')
      return hangs ? 'timed-out' : 'paused'
    },
    kill: () => act('KILL'),
    reconnect: () => act('RECONNECT'),
    resume: () => act('RESUME'),
  }
  return { begun, port: { name: 'p', address: { host: 'p', port: 6432 }, ...port } as Pooler }
}

const noFleet: FleetControl = { execute: () => Promise.reject(new Error('not asked')) }

test('commands to the pooler are refused only while nothing of them can have happened', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom(...commands), { minLength: 1 }),
      fc.record({
        PAUSE: fc.constantFrom(...fates),
        KILL: fc.constantFrom(...fates),
        RECONNECT: fc.constantFrom(...fates),
        RESUME: fc.constantFrom(...fates),
      }),
      fc.boolean(),
      async (names, fate, hangs) => {
        const { begun, port } = pooler((command) => fate[command as keyof typeof fate], hangs)
        const ports = { fleet: noFleet, workloads: null, poolers: [port], control: null }
        const outcome = await sendBy(ports, { holds: () => true })(
          poolerCall(...names.map((name) => poolerCommands[name])),
          AbortSignal.timeout(5_000),
        ).then(
          () => 'accepted',
          (error: unknown) => (error instanceof PortError ? error.detail.outcome : String(error)),
        )
        // KILL follows a PAUSE that hangs.
        const sent = names.flatMap((name) => (name === 'PAUSE' && hangs ? ['PAUSE', 'KILL'] : [name]))
        const failed = sent.some((name) => fate[name as keyof typeof fate] !== 'done')
        expect(outcome).toBe(failed ? (begun.length > 0 ? 'unknown' : 'rejected') : 'accepted')
      },
    ),
    { numRuns: 500 },
  )
})

const strangers: [string, Call][] = [
  ['to a pooler that is not configured', poolerCall(poolerCommands.PAUSE)],
  ['to a deployment where there is no Kubernetes', kubernetesCall],
  ['to a database without a role for it', sqlCall],
  ['to end sessions without a role for it', sessionsCall],
]
test.each(strangers)('a call %s never leaves, and is refused', async (_what, one) => {
  const ports = { fleet: noFleet, workloads: null, poolers: [], control: null }
  const sent = sendBy(ports, { holds: () => true })(one, AbortSignal.timeout(5_000))
  await expect(sent).rejects.toMatchObject({ detail: { outcome: 'rejected', probe: 'not-configured' } })
})
