/*
 * Whatever the product can do is found by typing in the command menu: each server action has a command that leads to the part
 * of a screen where it is, and that part exists.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { actions } from '../../e2e/wire/endpoints'
import { menuCommands } from '../../lib/web/present/commands'

const root = path.join(import.meta.dirname, '../..')
const commands = menuCommands(
  [
    { number: 3, title: 'Writes fail', status: 'triage' },
    { number: 2, title: 'Over', status: 'resolved' },
  ],
  [{ id: 'r1', title: 'Primary database failover', state: 'waiting', incidentNumber: 3 }],
  true,
)

/** The actions that each command leads to; a sentence instead of a command where none has to. */
const leads: Record<string, string[]> = {
  approval: ['approveAction', 'refuseAction', 'breakGlassAction'],
  note: ['writeAction'],
  correct: ['correctAction', 'pinAction'],
  status: ['moveAction'],
  roles: ['takeRoleAction', 'offerRoleAction', 'acceptRoleAction', 'releaseRoleAction'],
  severity: ['severityAction'],
  rename: ['renameAction'],
  update: ['updateAction'],
  task: ['addTaskAction', 'finishTaskAction'],
  checklist: ['probeAction', 'tickAction'],
  escalate: ['pageAction'],
  'wall-link': ['wallLinkAction', 'revokeWallLinkAction'],
  decide: ['decideWayAction'],
  report: ['saveAction', 'moveReportAction'],
  'follow-up': ['followUpAction'],
  'run-buttons': ['pauseAction', 'resumeAction', 'stopAction'],
  step: [
    'answerAction',
    'byHandAction',
    'handDoneAction',
    'retryAction',
    'reviseAction',
    'skipAction',
    'undoAction',
    'waitLongerAction',
  ],
  'open-items': ['settleAction'],
  alerts: ['dismissAlertAction', 'dismissAlertsAction'],
  damage: ['dismissDamageAction'],
  acknowledge: ['acknowledgeAction'],
  'account-number': ['showAccountAction'],
  people: ['addPerson', 'changeRole', 'setDisabled', 'connectIdentity', 'disconnectIdentity'],
  integrations: ['sendTest'],
  'wall-links': ['revokeAllWallLinksAction'],
  'own-sign-in': ['setPassword', 'beginPasskey', 'addPasskey', 'removePasskey'],
  sessions: ['endSessions'],
  lab: ['readLab', 'startFault', 'healFault'],
  'the menu declares by itself': ['declareAction'],
  'the menu lists every procedure': ['checkAction', 'startAction'],
  'asked right before another action': ['confirmByPassword', 'confirmInLab'],
  'nothing else is open before it': ['choosePasswordAction'],
}
const besides = Object.keys(leads).filter((id) => id.includes(' '))

test('each action of the product has a command', () => {
  expect(Object.values(leads).flat().sort()).toEqual(
    Object.keys(actions)
      .map((name) => name.split(' ')[1])
      .sort(),
  )
  const ids = new Set(commands.map(({ id }) => id))
  expect(Object.keys(leads).filter((id) => !ids.has(id))).toEqual(besides)
})

test('what waits for an answer comes first, and only open incidents have commands', () => {
  expect(commands[0]).toMatchObject({
    label: 'Approve or refuse: Primary database failover, INC-3',
    href: '/runs/r1#approval-answer',
  })
  expect(commands.filter(({ href }) => href.startsWith('/incidents/2'))).toEqual([])
  expect(new Set(commands.map(({ href }) => href)).size).toBe(commands.length)
})

describe('each part that a command leads to exists', () => {
  const written = ['components', 'app']
    .flatMap((room) =>
      readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' }).map((file) =>
        path.join(root, room, file),
      ),
    )
    .filter((file) => file.endsWith('.tsx'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  const anchors = [...new Set(commands.map(({ href }) => href.split('#')[1]).filter((anchor) => anchor !== undefined))]
  test.each(anchors)('%s', (anchor) => {
    expect(written).toMatch(new RegExp(`(?:id|anchor)="${anchor}"|\\? '${anchor}' : `))
  })
})
