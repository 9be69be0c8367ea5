/*
 * A server action is called by a component that never saw its command. What the command's schema takes is what the component must
 * give: each line below is one that must not compile, and `tsc` says so when it does.
 */
import { expect, it } from 'vitest'
import type { CommandContext } from '../../commands/context'
import { addTaskInput } from '../../commands/incident/tasks'
import { runAction } from '../run-action'
import type { ConfirmActions, IncidentActions, LabActions, PeopleActions, RunActions, StartRun } from './actions'

it('a misspelt member does not compile', () => {
  // Never called: it only has to be compiled.
  const misspelt = (
    incident: IncidentActions,
    run: RunActions,
    people: PeopleActions,
    lab: LabActions,
    confirm: ConfirmActions,
    start: StartRun,
  ): unknown[] => [
    incident.addTask({ number: 1, title: 'Call the provider' }),
    // @ts-expect-error a member that the schema does not have
    incident.addTask({ number: 1, title: 'Call the provider', assignee: 'ann' }),
    // @ts-expect-error a member that is missing
    incident.write({ number: 1, kind: 'note', text: 'x', occurredAt: null }),
    // @ts-expect-error an incident is identified by its number, not by text
    incident.finishTask({ number: '1', taskId: 't' }),
    // @ts-expect-error a move that no incident makes
    incident.move({ number: 1, version: 1, move: 'forget', into: null }),
    // @ts-expect-error a role that does not exist
    people.changeRole({ accountId: 'a', from: 'viewer', to: 'owner' }),
    // @ts-expect-error a member with another name
    run.stop({ run: 'r', reason: 'enough' }),
    // @ts-expect-error the incident of a run has a number
    start({ slug: 's', mode: 'dry-run', reason: 'r', inputs: {}, incidentNumber: 'INC-1' }),
    // @ts-expect-error a target is named or null
    lab.start({ fault: 'kill', parameters: {} }),
    // @ts-expect-error nothing but the password is asked for
    confirm.password({ password: 'p', login: 'ann' }),
  ]
  expect(misspelt).toBeTypeOf('function')
})

it('what arrives is parsed all the same: who calls an action manually is refused', async () => {
  const request = {
    origin: async () => ({ origin: 'https://war.example', host: 'war.example' }),
    siteUrl: 'https://war.example',
    context: async () => ({}) as CommandContext,
    rethrow: () => undefined,
  }
  const sent: unknown = { number: '1', title: 'Call the provider' }
  expect(await runAction(request, addTaskInput, async (_, input) => input, sent)).toMatchObject({
    ok: false,
    error: { code: 'invalid', fields: { number: expect.any(Array) } },
  })
})
