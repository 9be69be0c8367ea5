// A runner is frozen between its intent and its act, and thaws when another has the turn. It must know that by itself, from
// a clock that went on, before anything goes onto the wire.
import { describe, expect, test } from 'vitest'
import type { Call } from '../domain/procedure/call'
import {
  applyCall,
  awsCalls,
  kubernetesCall,
  poolerCall,
  poolerCommands,
  scaleCall,
  sessionsCall,
  sqlCall,
} from '../domain/procedure/testing/calls'
import type { Pooler } from '../ports/pooler'
import { type EffectPorts, sendBy } from './effects'
import type { Leadership } from './lease'
import { TurnOver, turnOf } from './turn'

const leads: Leadership = { leading: true, epoch: 7, provisional: false }
const leaseThat = (state: Leadership, inTime = true) => ({ name: 'collector:lab', holder: 'runner', state, inTime })

describe('a turn', () => {
  test('holds until the lease ends by a clock of this machine, and no longer', () => {
    const held = turnOf(leaseThat(leads))
    expect([held.holds(), held.fence()]).toEqual([true, { lease: 'collector:lab', holder: 'runner', epoch: 7 }])
    const late = turnOf(leaseThat(leads, false))
    expect([late.holds(), late.fence()]).toEqual([false, null])
  })

  test.each<[string, Leadership]>([
    ['a standby', { leading: false }],
    ['a leader that the store never confirmed', { leading: true, epoch: 0, provisional: true }],
  ])('is never held by %s', (_who, state) => {
    const turn = turnOf(leaseThat(state))
    expect([turn.holds(), turn.fence()]).toEqual([false, null])
  })
})

describe('when it thaws', () => {
  const heard: string[] = []
  const ports = {
    fleet: { execute: async () => heard.push('aws') },
    workloads: { patchEnv: async () => heard.push('kubernetes') },
    application: { context: applyCall.context, apply: async () => heard.push('apply') },
    poolers: [
      {
        name: 'p',
        address: { host: 'p', port: 6432 },
        async pause() {
          heard.push('PAUSE')
          return 'timed-out'
        },
        kill: async () => void heard.push('KILL'),
        reconnect: async () => void heard.push('RECONNECT'),
        resume: async () => void heard.push('RESUME'),
      } as unknown as Pooler,
    ],
    control: { user: 'recovery', execute: async () => heard.push('sql') },
  } as unknown as EffectPorts
  const { RECONNECT, RESUME } = poolerCommands
  const calls: Call[] = [
    awsCalls.FailoverDBCluster,
    kubernetesCall,
    scaleCall,
    applyCall,
    poolerCall(RESUME),
    sqlCall,
    sessionsCall,
  ]

  test.each(calls.map((call) => [call.kind, call] as const))('it sends no %s call', async (_kind, call) => {
    heard.length = 0
    const send = sendBy(ports, { holds: () => false })
    await expect(send(call, AbortSignal.timeout(1_000))).rejects.toBeInstanceOf(TurnOver)
    expect(heard).toEqual([])
  })

  test('in the middle of a call of several commands, it sends no more of them', async () => {
    heard.length = 0
    const send = sendBy(ports, { holds: () => heard.length === 0 })
    await expect(send(poolerCall(RECONNECT, RESUME), AbortSignal.timeout(1_000))).rejects.toBeInstanceOf(TurnOver)
    expect(heard).toEqual(['RECONNECT'])
  })

  test('after a PAUSE whose time was up, it does not kill what another runner looks after now', async () => {
    heard.length = 0
    const send = sendBy(ports, { holds: () => heard.length === 0 })
    await expect(send(poolerCall(poolerCommands.PAUSE), AbortSignal.timeout(1_000))).rejects.toBeInstanceOf(TurnOver)
    expect(heard).toEqual(['PAUSE'])
  })
})
