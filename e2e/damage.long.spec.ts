import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab } from './lab'
import { enter } from './people'
import { test } from './test'

/*
 * A table is dropped. The finding stays, on every screen and through a reload, until somebody who may dismisses it with a reason; until
 * then a failover is not offered and not started.
 */

const verdict = (page: Page) => page.getByRole('region', { name: 'Verdict' })
const finding = (page: Page) => page.getByRole('region', { name: 'Data deleted (S4)' })
/** What is compared with must have been seen before. */
const watched = (page: Page) =>
  expect
    .poll(
      async () => {
        const { snapshot } = await (await page.request.get('/api/snapshot')).json()
        return snapshot.diagnosis.evidence.includes('Critical tables: 4 of 4 counted')
      },
      { timeout: 45_000 },
    )
    .toBe(true)
const narrow = async (page: Page) => {
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
}

test.afterEach(async () => {
  await lab('/lab/heal', {})
})

test('a dropped table is found, blocks a failover, and stays until a commander dismisses it with a reason', async ({
  browser,
}) => {
  test.setTimeout(300_000)
  const responder = await enter(browser, 'responder')
  await watched(responder)
  await responder.getByRole('button', { name: /^Lab/ }).click()
  await responder.getByRole('button', { name: /Start: A table is dropped/ }).click()
  await responder.keyboard.press('Escape')
  await expect(verdict(responder)).toContainText('The critical table audit_logs was dropped', { timeout: 15_000 })
  await expect(verdict(responder)).toContainText('Point-in-time recovery')
  await expect(finding(responder)).toContainText('CONFIRMED')
  await expect(finding(responder)).toContainText(/Last known good\d\d:\d\d:\d\d/)
  await expect(responder.getByRole('region', { name: 'If you fail over now' })).toContainText(
    /Blocked.*every replica has the same damage/s,
  )
  // A responder sees why it is not theirs to dismiss.
  await expect(finding(responder).getByRole('button', { name: 'Dismiss with a reason' })).toBeDisabled()
  await expect(finding(responder)).toContainText(/commander/i)
  await expectAccessible(responder, 'situation with damage')

  await responder.reload()
  await expect(finding(responder)).toContainText('The critical table audit_logs was dropped.')

  // The dialog to declare is filled in from the finding.
  await responder.goto('/incidents#declare')
  const dialog = responder.getByRole('dialog')
  await expect(dialog.getByRole('textbox', { name: 'Title' })).toHaveValue('The critical table audit_logs was dropped.')
  await expect(dialog).toContainText(/The first sample that showed the damage/)
  await expect(dialog.getByRole('checkbox', { name: 'Rows or tables are missing' })).toBeChecked()
  await responder.keyboard.press('Escape')

  // P1 says that it is blocked, and why, before anybody starts it.
  await responder.goto('/procedures/primary-failover')
  await expect(responder.getByRole('main')).toContainText(/audit_logs was dropped.*A failover does not repair that/s, {
    timeout: 20_000,
  })

  const wall = await await responder.context().newPage()
  await wall.setViewportSize({ width: 1920, height: 1080 })
  await wall.goto('/wall')
  await expect(wall.getByRole('main')).toContainText('The critical table audit_logs was dropped')

  const commander = await enter(browser, 'commander')
  await narrow(commander)
  await finding(commander).getByRole('button', { name: 'Dismiss with a reason' }).click()
  const go = finding(commander).getByRole('button', { name: 'Dismiss the finding' })
  await expect(go).toBeDisabled()
  await finding(commander).getByRole('textbox').fill('The table was moved on purpose.')
  await narrow(commander)
  await go.click()
  await expect(finding(commander)).toHaveCount(0, { timeout: 15_000 })
  await expect(verdict(commander)).toContainText(/Healthy/, { timeout: 30_000 })
  await expect(finding(responder)).toHaveCount(0)

  const admin = await enter(browser, 'admin')
  await admin.goto('/settings/audit')
  await expect(admin.getByRole('main')).toContainText(
    'The finding of deletion (S4) was dismissed: The table was moved on purpose.',
  )
})
