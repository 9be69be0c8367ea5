import { incidentLabel } from '../../domain/incident/labels'
import { isOpen } from '../../domain/incident/status'
import type { IncidentListItem } from '../../domain/incident/view'
import type { RunSummary } from '../../domain/run/view'

/** What the command menu offers: where it leads, and what typing finds it by. `#part` alone is on every page. */
export interface MenuCommand {
  /** The same act of another incident or run has the same id. */
  id: string
  group: 'Waiting for an answer' | 'Incident' | 'Run' | 'Manage'
  label: string
  /** More words that people may type. */
  words?: string
  href: string
}

/** The commands of an open incident, by the part of its screen that they lead to. */
const onIncident: [id: string, label: string, path: string, words?: string][] = [
  ['note', 'Write a note, decision or action', '#note', 'timeline'],
  ['correct', 'Correct or pin an entry', '#timeline', 'edit'],
  ['status', 'Change the status', '#status', 'resolve merge mitigate close'],
  ['next-step', 'Do the next step', '#next-step', 'take command'],
  ['roles', 'Take, hand over or release a role', '#roles', 'commander scribe'],
  ['severity', 'Change the severity', '#severity', 'SEV1 SEV2 SEV3'],
  ['rename', 'Rename', '#rename', 'title'],
  ['update', 'Write an update', '#update', 'status page inform'],
  ['task', 'Add or finish a task', '#tasks', 'assign'],
  ['checklist', 'Check the recovery', '#checklist', 'verify probe mark as checked'],
  ['escalate', 'Page someone', '#escalate', 'escalate call'],
  ['wall-link', 'Share the wall', '#shared-screen', 'link screen'],
  ['decide', 'Decide which way to recover', '/decision', 'options sheet'],
  ['report', 'Write the report', '/report', 'post-incident review publish export calendar'],
  ['follow-up', 'Add an action item', '/report#action-items', 'follow-up'],
]

const onRun: typeof onIncident = [
  ['run-buttons', 'Pause, resume or stop', '#run-buttons'],
  ['step', 'Decide about the current step', '#step', 'retry roll back skip run manually wait longer continue done'],
  ['open-items', 'Close an open item', '#open-items', 'settle'],
]

const always: MenuCommand[] = [
  ['alerts', 'Look through alerts without an incident', '/incidents#alerts', 'dismiss'],
  ['damage', 'Look through suspected data damage', '/#damage', 'dismiss'],
  ['acknowledge', 'Acknowledge a page', '/escalation#pages', 'answer'],
  ['account-number', 'Show an account number', '/escalation#contacts', 'vendor support AWS'],
  ['runs', 'See all runs', '/runs', 'history'],
  ['backups', 'See backups and copies', '/backups', 'restore point-in-time'],
  ['people', 'Manage people and roles', '/settings#people', 'add disable sign out password account'],
  ['integrations', 'Test an integration', '/settings#integrations', 'PagerDuty Slack Alertmanager'],
  ['wall-links', 'Make or revoke wall links', '/settings#wall-links', 'share screen'],
  ['own-sign-in', 'Change your password or passkeys', '/settings#own-sign-in', 'register'],
  ['sessions', 'Sign out elsewhere', '/settings#sessions', 'sessions devices'],
  ['audit', 'Read the audit log', '/settings/audit', 'record verify chain'],
].map(([id = '', label = '', href = '', words]) => ({ id, group: 'Manage', label, href, words }))

/** Everything that can be done now besides opening a screen or a procedure; what waits for people comes first. */
export function menuCommands(
  incidents: readonly Pick<IncidentListItem, 'number' | 'title' | 'status'>[],
  runs: readonly Pick<RunSummary, 'id' | 'title' | 'state' | 'incidentNumber'>[],
  lab: boolean,
): MenuCommand[] {
  const about = (run: (typeof runs)[number]) =>
    run.incidentNumber === null ? run.title : `${run.title}, ${incidentLabel(run.incidentNumber)}`
  return [
    ...runs
      .filter(({ state }) => state === 'waiting')
      .map((run) => ({
        id: 'approval',
        group: 'Waiting for an answer' as const,
        label: `Approve or refuse: ${about(run)}`,
        words: 'approval withdraw break-glass',
        href: `/runs/${run.id}#approval-answer`,
      })),
    ...incidents
      .filter(({ status }) => isOpen(status))
      .flatMap(({ number, title }) =>
        onIncident.map(([id, label, path, words = '']) => ({
          id,
          group: 'Incident' as const,
          label: `${label}: ${incidentLabel(number)}`,
          words: `${words} ${title}`,
          href: `/incidents/${number}${path}`,
        })),
      ),
    ...runs.flatMap((run) =>
      onRun.map(([id, label, path, words]) => ({
        id,
        group: 'Run' as const,
        label: `${label}: ${about(run)}`,
        words,
        href: `/runs/${run.id}${path}`,
      })),
    ),
    ...always,
    ...(lab
      ? [{ id: 'lab', group: 'Manage' as const, label: 'Break or heal the lab', words: 'faults', href: '#lab' }]
      : []),
  ]
}
