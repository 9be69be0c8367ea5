import { expect } from '@playwright/test'
import { enter } from './people'
import { test } from './test'

const out = '.data/dev/pictures'
test('pictures', async ({ browser }) => {
  test.setTimeout(240_000)
  const page = await enter(browser, 'commander')
  const shot = async (name: string, full = false) => {
    await page.screenshot({ path: `${out}/${name}.png`, fullPage: full, animations: 'disabled' })
  }
  await page.goto('/settings')
  for (const [label, days] of [
    ['Operations room, second floor', '30 days'],
    ['War room, Portland', '7 days'],
    ['Reception', '1 day'],
  ]) {
    await page.getByLabel('Screen location').fill(label as string)
    await page.getByLabel('Expires after').selectOption(days as string)
    await page.getByRole('button', { name: 'Create link' }).click()
    await expect(page.getByRole('listitem', { name: label })).toBeVisible()
  }
  await page.getByRole('button', { name: /^Revoke all/ }).click()
  await page.locator('#wall-links').scrollIntoViewIfNeeded()
  await page.locator('#wall-links').screenshot({ path: `${out}/settings-1440.png` })
  await page.setViewportSize({ width: 390, height: 844 })
  await page.locator('#wall-links').screenshot({ path: `${out}/settings-390.png` })
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto('/incidents#declare')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('This is a drill').check()
  await dialog.getByRole('button', { name: /^Declare/ }).click()
  await page.waitForURL(/\/incidents\/\d+$/)
  await page.getByRole('button', { name: 'Create a link for a shared screen' }).click()
  await expect(page.getByRole('link', { name: /wall#link=/ })).toBeVisible()
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Shared screen' }) }).last()
  await panel.screenshot({ path: `${out}/incident-1440.png` })
  await shot('incident-page-1440', true)
  const sign = await (await browser.newContext({ colorScheme: 'dark' })).newPage()
  await sign.goto('/sign-in')
  await sign.getByLabel('E-mail address or login').evaluate((input: HTMLInputElement) => {
    input.value = 'ro\u0007bin'
  })
  await sign.getByLabel('Password').fill('x')
  await sign.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(sign.getByText('control character')).toBeVisible()
  await sign.screenshot({ path: `${out}/sign-in.png` })
  await sign.setViewportSize({ width: 1920, height: 1080 })
  await sign.goto('/wall#link=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq')
  await expect(sign.getByText('This wall is closed')).toBeVisible()
  await sign.screenshot({ path: `${out}/wall-closed.png` })
  await page.goto('/procedures/primary-failover')
  await page.getByRole('radio', { name: 'Drill', exact: true }).click()
  await page.getByLabel('Why now').fill('A rehearsal, agreed with the team.')
  await page.getByRole('button', { name: /as a drill/ }).click()
  await page.waitForURL(/\/runs\//)
  await shot('run-start')
  await page.getByRole('button', { name: /break glass/ }).click({ timeout: 60_000 })
  const card = page.getByRole('region', { name: /Fail over to/ })
  await card.getByLabel(/Type the name of the target/).fill((await card.locator('label .mono').textContent()) ?? '')
  await card.getByLabel(/Why you act alone/).fill('Nobody answers the page and the drill must go on.')
  await shot('glass-card-1440')
  await card.getByRole('button', { name: /^Break glass/ }).click()
  await expect(page.getByText('Reported to PagerDuty and Slack.').first()).toBeVisible()
  await shot('glass-broken-1440')
  await page.setViewportSize({ width: 390, height: 844 })
  await shot('glass-broken-390')
  const viewer = await enter(browser, 'viewer')
  await viewer.screenshot({ path: `${out}/glass-notice-1440.png` })
  await viewer.setViewportSize({ width: 390, height: 844 })
  await viewer.screenshot({ path: `${out}/glass-notice-390.png` })
})
