import { describe, expect, test } from 'vitest'
import { permissions, type Role, roleRight, roles } from '../people/permissions'
import { type RunQuestion, runRight, runRights } from './rights'
import { runIsOver, runStates } from './states'

const started = 'You started this run.'
const question = (more: Partial<RunQuestion['run']> = {}, id = 'kai', role: Role = 'admin', optional = false) => {
  const whose = id === 'robin' ? started : null
  return {
    run: {
      state: 'needs-person',
      wish: null,
      startedBy: { id: 'robin', name: 'Robin' },
      approvals: [],
      steps: [{ state: 'failed' }],
      ...more,
    },
    person: { id, role },
    optional,
    notSecond: { decide: whose, approve: whose },
    breakGlass: true,
  } as RunQuestion
}
const approvals = [{ state: 'open', askedForId: null }] as unknown as RunQuestion['run']['approvals']

describe('a run', () => {
  test('is neither approved nor continued without a step by who started it, whatever their role', () => {
    const asked = { state: 'waiting', approvals } as const
    expect(runRight('approve', question(asked, 'robin'))).toMatchObject({
      allowed: false,
      code: 'not-allowed',
      why: started,
    })
    expect(runRight('approve', question(asked, 'kai', 'approver')).allowed).toBe(true)
    for (const act of ['skip', 'by-hand'] as const) {
      expect(runRight(act, question({}, 'robin', 'commander')).why).toBe(started)
      expect(runRight(act, question({}, 'morgan', 'commander')).allowed).toBe(true)
      expect(runRight(act, question({}, 'kai', 'responder')).why).toContain('commander')
    }
  })

  test('continues without an optional step by whoever runs it', () => {
    expect(runRight('skip', question({}, 'robin', 'responder', true)).allowed).toBe(true)
  })

  test('that is over takes notes, and its open items are closed', () => {
    for (const state of runStates.filter(runIsOver)) {
      const open = Object.entries(runRights(question({ state, approvals })))
      expect(open.flatMap(([act, { allowed }]) => (allowed ? [act] : [])).toSorted()).toEqual([
        'accept',
        'note',
        'settle',
      ])
    }
  })

  test('can be stopped in every state in which it is active, once', () => {
    for (const state of runStates) {
      expect(runRight('stop', question({ state }, 'robin', 'responder')).allowed).toBe(!runIsOver(state))
      expect(runRight('stop', question({ state, wish: 'stop' })).allowed).toBe(false)
    }
  })

  test('lets whoever asked withdraw the request, and nobody else below an approver', () => {
    const asked = { state: 'waiting', approvals } as const
    expect(runRight('refuse', question(asked, 'robin', 'viewer')).allowed).toBe(true)
    expect(runRight('refuse', question(asked, 'avery', 'responder')).allowed).toBe(false)
    expect(runRight('refuse', question(asked, 'kai', 'approver')).allowed).toBe(true)
  })

  test('is changed by one person alone only where the environment allows it', () => {
    const asked = question({ state: 'waiting', approvals }, 'robin', 'commander')
    expect(runRight('break-glass', asked).allowed).toBe(true)
    expect(runRight('break-glass', { ...asked, breakGlass: false })).toMatchObject({ code: 'not-allowed' })
  })
})

test('a right is refused to every role below the one that is needed, with that role', () => {
  for (const permission of permissions)
    for (const role of roles) {
      const right = roleRight(role, permission)
      const higher = roles.slice(roles.indexOf(role))
      expect(
        right.allowed || higher.some((needed) => right.why.includes(needed) && roleRight(needed, permission).allowed),
      ).toBe(true)
    }
  expect(roleRight('responder', 'approve').why).toBe('Your role is responder. This needs an approver.')
})
