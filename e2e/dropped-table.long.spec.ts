import { readFileSync } from 'node:fs'
import { expect } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab, sql } from './lab'
import { enter } from './people'
import { approveAs, button, dismissFinding, done, quiet, resolveAnyway, verdict } from './recovery'
import { test } from './test'

/*
 * The most common disaster, from the first symptom to the report: somebody drops a table under load. It is recognised, the moment
 * before it is found, a copy is restored, and the table comes back with its rows, while everybody goes on writing. What is there
 * afterwards is asked of the database itself.
 */

test.beforeEach(({ browser }) => quiet(browser))
test.afterAll(async () => {
  await lab('/lab/heal', {})
})

test('a table that was dropped under load comes back with its rows, and the report says what only one side has', async ({
  browser,
}) => {
  test.setTimeout(420_000)
  const responder = await enter(browser, 'responder')
  const commander = await enter(browser, 'commander')
  const approver = await enter(browser, 'approver')
  const rows = await sql('SELECT * FROM audit_logs ORDER BY id')
  expect(rows.length).toBeGreaterThan(0)
  await lab('/lab/faults', { fault: 'drop-table', target: 'audit_logs' })

  await expect(verdict(commander)).toContainText(/dropped/, { timeout: 60_000 })
  await commander.goto('/incidents#declare')
  await commander
    .getByRole('dialog')
    .getByRole('button', { name: /^Declare/ })
    .click()
  await commander.waitForURL(/\/incidents\/\d+$/)
  const incident = new URL(commander.url()).pathname

  // The procedure for it is offered, and the way to it carries the incident.
  await responder.goto(incident)
  await responder.getByRole('region', { name: 'What to do next' }).getByRole('link', { name: 'Go' }).click()
  await responder.waitForURL(/\/procedures\/point-in-time-recovery/)
  await responder.getByRole('radio', { name: 'Real', exact: true }).click()
  // The form is filled in as the sheet recommends: the goal, the table, and the moment before the damage.
  await expect(responder.getByRole('radio', { name: /Extract rows/ })).toBeChecked()
  await expect(responder.getByLabel('Damaged tables')).toHaveValue('audit_logs')
  const finder = responder.getByRole('group', { name: 'Restore point' })
  await expect(finder.getByLabel(/latest restorable time/)).not.toBeChecked()
  await responder.getByLabel('Reason (required)').fill('The table audit_logs was dropped by mistake.')
  await responder.getByLabel(/Type the name of the environment/).fill('lab')
  await expectAccessible(responder, 'the form')
  await expect(responder.getByText('READY', { exact: true })).toBeVisible({ timeout: 60_000 })
  await button(responder, /Start P2/).click()
  await responder.waitForURL(/\/runs\//)
  const run = new URL(responder.url()).pathname

  await approver.goto(run)
  await approveAs(approver, /^Restore castmatch-prod-cluster/, 'castmatch-prod-cluster')

  // The rows are seen before anybody chooses, with the statements that create the table again.
  await commander.goto(run)
  await expect(commander.getByRole('link', { name: 'Compared rows' })).toBeVisible({ timeout: 180_000 })
  await commander.getByRole('link', { name: 'Compared rows' }).click()
  await commander.waitForURL(/\/rows/)
  await expect(commander.getByText('Dropped from the target')).toBeVisible()
  await expect(commander.getByText('CREATE TABLE public.audit_logs')).toBeHidden()
  await commander.getByText(/statements to create it again/).click()
  await expect(commander.getByText('CREATE TABLE public.audit_logs')).toBeVisible()
  await expectAccessible(commander, 'compared rows')
  await commander.getByRole('link', { name: 'public.audit_logs' }).first().click()
  await expect(commander.getByText('casting.update').first()).toBeVisible()
  const [file] = await Promise.all([
    commander.waitForEvent('download'),
    commander.getByRole('link', { name: /as CSV/ }).click(),
  ])
  expect(readFileSync((await file.path()) ?? '', 'utf8')).toContain('casting.update')
  await commander
    .getByLabel('Policy of public.audit_logs')
    .selectOption({ label: 'Create it again with all of its rows' })
  await button(commander, 'Choose this and request approval').click()

  // Who chose is no second person, and neither is who started.
  await commander.goto(run)
  await expect(commander.getByRole('region', { name: /^Merge rows/ })).toBeVisible({ timeout: 60_000 })
  await expect(commander.getByText(/Someone else must decide/).first()).toBeVisible()
  await expect(commander.getByRole('button', { name: /^Approve/ })).toHaveCount(0)
  await expect(approver.getByText('CREATE TABLE public.audit_logs').first()).toBeAttached({ timeout: 60_000 })
  await approveAs(approver, /^Merge rows .* 1 table re-created/, 'castmatch_production')
  await done(responder)

  // All that the copy had is there, as it was; what was written between the restore point and the damage is not.
  const back = await sql<{ id: string }>(`SELECT * FROM audit_logs WHERE id <= ${rows.length} ORDER BY id`)
  expect(back.length).toBeGreaterThan(0)
  expect(back).toEqual(rows.slice(0, back.length))
  expect(rows.length - back.length).toBeLessThan(60)
  expect(await sql("SELECT has_table_privilege('castmatch_app', 'audit_logs', 'INSERT') AS may")).toEqual([
    { may: true },
  ])

  // The damage stays until a person says that it is over.
  await dismissFinding(commander, 'The table is back, with all that the copy had.')

  await commander.goto(incident)
  const checklist = commander.getByRole('region', { name: 'Checklist' })
  // The table is compared with the copy from before the damage: the baseline was taken while it was missing.
  for (const holds of ['Connectivity', 'App health', 'Data integrity'])
    await expect(checklist.getByRole('button', { name: new RegExp(`^${holds} OK`) })).toBeVisible({ timeout: 90_000 })
  await commander.goto(`${incident}/report`)
  const report = commander.getByRole('region', { name: 'Rows of public.audit_logs' })
  await expect(report).toContainText('1 table re-created')
  // By row, as far as a report lists them, with the count of all.
  await expect(report).toContainText(`${back.length} only in the copy: ${back.length} inserted`)
  await expect(report).toContainText(
    back
      .slice(0, 3)
      .map(({ id }) => id)
      .join('; '),
  )
  await expectAccessible(commander, 'report')
  const text = await (await commander.request.get(`/api/export/${incident.split('/').at(-1)}?format=md`)).text()
  expect(text).toContain(String.raw`public.audit\_logs: `)

  // What nobody can verify takes a reason to end.
  await resolveAnyway(commander, incident, 'The table is back with all that the copy had.')
})
