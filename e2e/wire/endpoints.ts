import type { Permission } from '../../lib/domain/people/permissions'

/**
 * Every endpoint of the product, and the least that opens it. The manifests of the build are held against this table: an
 * endpoint that is not here fails the test, and so does a line for one that is gone.
 */
export type Opens =
  /** Whoever is signed in and whose role has this permission. */
  | Permission
  /** Anybody: nothing is behind it but what a stranger may know. */
  | 'anybody'
  /** Whoever is signed in, or holds the cookie of a wall link. */
  | 'wall'
  /** A sender that shows a token or a signature. */
  | 'webhook'
  /** A page of ours, for whoever comes; what it takes proves itself. */
  | 'own-page'

const none = '00000000-0000-4000-8000-000000000000'
const why = 'A reason that is long enough.'
const incident = { number: 999999 }
const seen = { ...incident, version: 1 }
const run = { runId: 'none' }
const step = { ...run, stepId: 'none' }
const answer = { ...run, approvalId: 'none', digest: '0'.repeat(64), typed: 'none' }

export const pages: Record<string, Opens> = {
  '/': 'view',
  '/backups': 'view',
  // Only for somebody who has to choose one; anybody else is led home.
  '/choose-password': 'own-page',
  '/confirmed': 'anybody',
  '/escalation': 'view',
  '/incidents': 'view',
  '/incidents/[number]': 'view',
  '/incidents/[number]/decision': 'view',
  '/incidents/[number]/report': 'view',
  '/procedures': 'view',
  '/procedures/[slug]': 'view',
  '/reports': 'view',
  '/runs': 'view',
  '/runs/[id]': 'view',
  '/runs/[id]/rows': 'view',
  '/settings': 'view',
  '/settings/audit': 'view',
  '/sign-in': 'anybody',
  // An empty frame but for whoever /api/wall answers.
  '/wall': 'anybody',
  '/_not-found': 'anybody',
  '/_global-error': 'anybody',
}

export const routes: Record<string, { GET?: Opens; POST?: Opens }> = {
  '/api/alerts': { POST: 'webhook' },
  '/api/auth/[...nextauth]': { GET: 'anybody', POST: 'own-page' },
  '/api/calendar/[number]': { GET: 'view' },
  '/api/escalation': { GET: 'view' },
  '/api/export/[number]': { GET: 'view' },
  '/api/health': { GET: 'anybody' },
  '/api/history': { GET: 'view' },
  '/api/incidents': { GET: 'view' },
  '/api/incidents/declare': { GET: 'view' },
  '/api/incidents/[number]': { GET: 'view' },
  '/api/incidents/[number]/lag': { GET: 'view' },
  '/api/incidents/[number]/report': { GET: 'view' },
  '/api/incidents/[number]/report/[section]': { GET: 'view' },
  '/api/incidents/[number]/timeline': { GET: 'view' },
  '/api/integrations': { GET: 'view' },
  // The same as the action checkAction, by a request of its own.
  '/api/preflights': { POST: 'view' },
  '/api/preflights/[id]': { GET: 'view' },
  '/api/record': { GET: 'manage-settings' },
  '/api/record/check': { GET: 'manage-settings' },
  '/api/reports': { GET: 'view' },
  '/api/restore-point': { GET: 'view' },
  '/api/runs': { GET: 'view' },
  '/api/runs/[id]': { GET: 'view' },
  '/api/runs/[id]/output': { GET: 'view' },
  '/api/runs/[id]/rows': { GET: 'run' },
  '/api/snapshot': { GET: 'view' },
  '/api/wall': { GET: 'wall' },
  '/api/wall/history': { GET: 'wall' },
  '/api/wall/link': { POST: 'own-page' },
  '/api/wall-links': { GET: 'view' },
  '/icon.svg': { GET: 'anybody' },
  '/apple-icon.png': { GET: 'anybody' },
  '/manifest.webmanifest': { GET: 'anybody' },
  // Served by bin/web.ts itself, not by Next.
  '/api/live': { GET: 'view' },
}

/**
 * Server actions: who may, and an input that passes the schema and finds nothing, so that whoever may is told that, and whoever
 * may not is told that. Rules beyond the role (the starter of a run, the commander of an incident) are the commands' own tests.
 */
export const actions: Record<string, { opens: Permission; input: unknown }> = {
  // For one's own account; nobody of these has to choose one.
  'choose-password/actions.ts choosePasswordAction': { opens: 'view', input: { password: 'a password of one’s own' } },
  'confirm-actions.ts confirmByPassword': { opens: 'view', input: { password: 'not the password' } },
  'confirm-actions.ts confirmInLab': { opens: 'view', input: {} },
  'escalation/actions.ts acknowledgeAction': { opens: 'note', input: { pageId: none } },
  'escalation/actions.ts pageAction': {
    opens: 'declare',
    input: { number: null, level: 'L1', channel: 'slack', message: 'Join.' },
  },
  'escalation/actions.ts showAccountAction': { opens: 'declare', input: { service: 'none' } },
  'incidents/[number]/report/actions.ts followUpAction': {
    opens: 'note',
    input: { ...incident, id: null, version: 0, title: 'x', ownerId: null, dueOn: null, state: 'open' },
  },
  'incidents/[number]/report/actions.ts moveReportAction': { opens: 'note', input: { ...seen, to: 'final' } },
  'incidents/[number]/report/actions.ts saveAction': {
    opens: 'note',
    input: { ...incident, key: 'summary', version: 0, text: 'x' },
  },
  'incidents/actions.ts acceptRoleAction': { opens: 'declare', input: { ...incident, role: 'commander' } },
  'incidents/actions.ts addTaskAction': { opens: 'note', input: { ...incident, title: 'x' } },
  'incidents/actions.ts correctAction': { opens: 'note', input: { ...incident, entryId: '1', text: 'x' } },
  'incidents/actions.ts decideWayAction': {
    opens: 'declare',
    input: { ...incident, option: 'nothing', reason: why, seenAt: null },
  },
  'incidents/actions.ts declareAction': {
    opens: 'declare',
    input: { title: 'x', kind: 'drill', severity: 'SEV3', scenario: 'S1', impactStartedAt: 1, commanderId: none },
  },
  'incidents/actions.ts dismissDamageAction': {
    opens: 'command',
    input: { kind: 'deletion', foundAt: 1, reason: why },
  },
  'incidents/actions.ts dismissAlertAction': { opens: 'declare', input: { id: none, reason: why } },
  'incidents/actions.ts dismissAlertsAction': {
    opens: 'declare',
    input: { source: 'alertmanager', name: none, severity: null, until: 0, reason: why },
  },
  'incidents/actions.ts finishTaskAction': { opens: 'note', input: { ...incident, taskId: none } },
  'incidents/actions.ts moveAction': { opens: 'declare', input: { ...seen, move: 'resolve', reason: why } },
  'incidents/actions.ts offerRoleAction': { opens: 'declare', input: { ...incident, role: 'commander', to: none } },
  'incidents/actions.ts pinAction': { opens: 'note', input: { ...incident, entryId: '1', pinned: true } },
  'incidents/actions.ts probeAction': { opens: 'note', input: incident },
  'incidents/actions.ts releaseRoleAction': { opens: 'declare', input: { ...incident, role: 'commander' } },
  'incidents/actions.ts renameAction': { opens: 'declare', input: { ...seen, title: 'x' } },
  'incidents/actions.ts revokeAllWallLinksAction': { opens: 'declare', input: {} },
  'incidents/actions.ts revokeWallLinkAction': { opens: 'declare', input: { id: none } },
  'incidents/actions.ts severityAction': { opens: 'declare', input: { ...seen, severity: 'SEV3', reason: why } },
  'incidents/actions.ts takeRoleAction': { opens: 'declare', input: { ...incident, role: 'commander' } },
  'incidents/actions.ts tickAction': { opens: 'declare', input: { ...incident, key: 'dns', reason: why } },
  'incidents/actions.ts updateAction': { opens: 'note', input: { ...incident, audience: 'internal', text: 'x' } },
  'incidents/actions.ts wallLinkAction': { opens: 'declare', input: { label: 'Nowhere', days: 1 } },
  'incidents/actions.ts writeAction': {
    opens: 'note',
    input: { ...incident, key: 'a key of this test', kind: 'note', text: 'x', occurredAt: null },
  },
  'lab-actions.ts healFault': { opens: 'lab-faults', input: { fault: 'none' } },
  'lab-actions.ts readLab': { opens: 'view', input: {} },
  'lab-actions.ts startFault': { opens: 'lab-faults', input: { fault: 'none', target: null, parameters: {} } },
  'procedures/[slug]/actions.ts checkAction': { opens: 'view', input: { slug: 'none', mode: 'dry-run', inputs: {} } },
  'procedures/[slug]/actions.ts startAction': {
    opens: 'run',
    input: { slug: 'none', mode: 'dry-run', reason: why, inputs: {} },
  },
  'runs/[id]/actions.ts approveAction': { opens: 'approve', input: answer },
  'runs/[id]/actions.ts breakGlassAction': { opens: 'break-glass', input: { ...answer, reason: why } },
  'runs/[id]/actions.ts answerAction': { opens: 'command', input: { ...step, answer: {} } },
  'runs/[id]/actions.ts byHandAction': { opens: 'command', input: { ...step, reason: why } },
  'runs/[id]/actions.ts handDoneAction': { opens: 'run', input: step },
  'runs/[id]/actions.ts pauseAction': { opens: 'run', input: run },
  // The starter may take the question back, whatever their role: whose run it is comes first.
  'runs/[id]/actions.ts refuseAction': { opens: 'view', input: { ...run, approvalId: 'none', reason: why } },
  'runs/[id]/actions.ts resumeAction': { opens: 'run', input: run },
  'runs/[id]/actions.ts retryAction': { opens: 'run', input: step },
  'runs/[id]/actions.ts reviseAction': {
    opens: 'command',
    input: { ...step, kind: 'accept', subject: 'none', reason: why },
  },
  'runs/[id]/actions.ts settleAction': {
    opens: 'run',
    input: { ...run, obligationId: 'none', state: 'met', reason: why },
  },
  // An optional step; any other needs a commander, and which it is only the run says.
  'runs/[id]/actions.ts skipAction': { opens: 'run', input: { ...step, reason: why } },
  'runs/[id]/actions.ts stopAction': { opens: 'run', input: { ...run, reason: why } },
  'runs/[id]/actions.ts undoAction': { opens: 'command', input: step },
  'runs/[id]/actions.ts waitLongerAction': { opens: 'run', input: step },
  'settings/actions.ts addPasskey': {
    opens: 'view',
    input: {
      name: 'x',
      answer: {
        id: 'AAAA',
        rawId: 'AAAA',
        type: 'public-key',
        response: { clientDataJSON: 'AAAA', attestationObject: 'AAAA' },
      },
    },
  },
  'settings/actions.ts addPerson': {
    opens: 'manage-people',
    input: { login: 'morgan@lab', name: 'Somebody else', role: 'viewer', password: '' },
  },
  'settings/actions.ts beginPasskey': { opens: 'view', input: {} },
  'settings/actions.ts changeRole': { opens: 'manage-people', input: { accountId: none, from: 'viewer', to: 'admin' } },
  'settings/actions.ts connectIdentity': { opens: 'manage-people', input: { accountId: none, subject: 'nobody' } },
  'settings/actions.ts disconnectIdentity': { opens: 'manage-people', input: { accountId: none } },
  'settings/actions.ts endSessions': { opens: 'manage-people', input: { accountId: none } },
  // One's own; another person's needs the role admin.
  'settings/actions.ts removePasskey': { opens: 'view', input: { id: 'none' } },
  'settings/actions.ts sendTest': { opens: 'manage-settings', input: { integration: 'alert-webhook' } },
  'settings/actions.ts setDisabled': { opens: 'manage-people', input: { accountId: none, disabled: true } },
  'settings/actions.ts setPassword': {
    opens: 'manage-people',
    input: { accountId: none, password: 'a password that is long enough' },
  },
}
