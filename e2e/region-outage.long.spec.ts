import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab } from './lab'
import { enter } from './people'
import { test } from './test'

/*
 * The home region stops responding. Everybody sees both regions side by side, the finding grows from a suspicion to certainty, and it
 * calls for cross-region recovery; a failover inside the region is not offered.
 */

const verdict = (page: Page) => page.getByRole('region', { name: 'Verdict' })
const home = (page: Page) => page.getByRole('region', { name: 'us-west-2, home region' })
const elsewhere = (page: Page) => page.getByRole('region', { name: 'us-east-1, DR region' })

test.afterEach(async () => {
  await lab('/lab/heal', {})
})

test('an outage of the home region is seen by everybody, and ends when it is over', async ({ browser }) => {
  test.setTimeout(400_000)
  const page = await enter(browser, 'responder')
  await expect(home(page)).toContainText('5 of 5 services respond', { timeout: 60_000 })
  await expect(elsewhere(page)).toContainText('4 of 4 services respond')
  await expectAccessible(page, 'situation with two regions')

  await page.getByRole('button', { name: /^Lab/ }).click()
  await page.getByRole('button', { name: /Start: us-west-2 stops responding/ }).click()
  await page.keyboard.press('Escape')
  await expect(verdict(page)).toContainText('REGION DOWN, CONFIRMED', { timeout: 120_000 })
  await expect(verdict(page)).toContainText('us-west-2 is not responding: 5 of 5 services fail from us-east-1.')
  await expect(verdict(page)).toContainText('P3 Cross-region recovery')
  await expect(verdict(page).getByRole('link', { name: 'Open P3' })).toBeVisible()
  await expect(home(page)).toContainText('5 of 5 services fail')
  await expect(elsewhere(page)).toContainText('4 of 4 services respond')
  await expectAccessible(page, 'situation without its home region')
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await page.setViewportSize({ width: 1440, height: 900 })

  // The dialog to declare is filled in from the finding.
  await page.goto('/incidents#declare')
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('textbox', { name: 'Title' })).toHaveValue(/^us-west-2 is not responding/)
  await expect(dialog.getByRole('checkbox', { name: /^Several AWS services/ })).toBeChecked()
  await page.keyboard.press('Escape')

  const wall = await page.context().newPage()
  await wall.setViewportSize({ width: 1920, height: 1080 })
  await wall.goto('/wall')
  const shown = wall.getByRole('main')
  await expect(shown).toContainText('Region down', { timeout: 30_000 })
  await expect(shown).toContainText('us-west-2 PROBLEM 5 of 5 services fail')
  await expect(shown).toContainText('us-east-1 OK 4 of 4 services respond')

  await page.goto('/')
  await lab('/lab/heal', { fault: 'region-outage' })
  await expect(verdict(page)).toContainText(/Healthy/, { timeout: 120_000 })
  await expect(home(page)).toContainText('5 of 5 services respond')
})
