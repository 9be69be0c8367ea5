import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab, processOf } from './lab'
import { enter } from './people'
import { test } from './test'

const verdict = (page: Page) => page.getByRole('region', { name: 'Verdict' })
const calm = async (page: Page) => expect(verdict(page)).toContainText(/Healthy/, { timeout: 45_000 })

test.afterEach(async () => {
  await lab('/lab/heal', {})
})

test('nothing is shown to somebody who is not signed in', async ({ page, request }) => {
  await page.goto('/')
  await expect(page).toHaveURL(/sign-in/)
  for (const path of ['/api/snapshot', '/api/live', '/api/history?minutes=5'])
    expect((await request.get(path)).status(), path).toBe(401)
  expect((await request.get('/api/health')).status()).toBe(200)
})

test('a person signs in and watches true lag move', async ({ browser }) => {
  const page = await enter(browser, 'viewer')
  await calm(page)
  await expect(page.getByRole('region', { name: 'Replication lag' }).locator('canvas')).toBeVisible()
  const seen = new Set<number>()
  await expect
    .poll(async () => {
      const { snapshot } = await (await page.request.get('/api/snapshot')).json()
      expect(snapshot.nodes.filter((n: { lag: { value: { known: boolean } } }) => n.lag.value?.known)).toHaveLength(3)
      seen.add(snapshot.seq)
      return seen.size
    })
    .toBeGreaterThan(2)
})

test('a viewer may look at the lab but not break it', async ({ browser }) => {
  const page = await enter(browser, 'viewer')
  await calm(page)
  const button = page.getByRole('button', { name: /^Lab/ })
  if (await button.isVisible()) {
    await button.click()
    await expect(page.getByRole('button', { name: /Start: Kill the writer/ })).toBeDisabled()
  }
})

test('the writer is killed from the panel: suspected, then confirmed, then healed and clear', async ({ browser }) => {
  test.setTimeout(120_000)
  const page = await enter(browser, 'responder')
  await calm(page)
  // What a person would see in passing is kept: the suspicion may last for less than a look.
  await page.evaluate(() => {
    const seen: string[] = []
    Object.assign(window, { seenVerdicts: seen })
    new MutationObserver(() => {
      const text = document.querySelector('[aria-label="Verdict"]')?.textContent ?? ''
      if (seen.at(-1) !== text) seen.push(text)
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  await page.getByRole('button', { name: /^Lab/ }).click()
  await page.getByRole('button', { name: /Start: Kill the writer/ }).click()
  await page.keyboard.press('Escape')
  await expect(verdict(page)).toContainText('CONFIRMED', { timeout: 30_000 })
  await expect(verdict(page)).toContainText(/castmatch-prod-\S+ does not respond/)
  await expect(verdict(page)).toContainText('Primary database failover')
  const seen = await page.evaluate(() => (window as unknown as { seenVerdicts: string[] }).seenVerdicts)
  expect(seen.findIndex((t) => t.includes('SUSPECTED'))).toBeGreaterThanOrEqual(0)
  expect(seen.findIndex((t) => t.includes('SUSPECTED'))).toBeLessThan(seen.findIndex((t) => t.includes('CONFIRMED')))
  await page.getByRole('button', { name: /^Lab/ }).click()
  await page
    .getByRole('button', { name: /Heal: Kill the writer|Heal all|Clear all faults/ })
    .first()
    .click()
  await page.keyboard.press('Escape')
  await calm(page)
})

test('no accessibility rule is broken, dark or light', async ({ browser }) => {
  const page = await enter(browser, 'admin')
  for (const path of ['/', '/settings', '/procedures']) {
    await page.goto(path)
    await page.waitForLoadState('load')
    await expectAccessible(page, path)
  }
})

test('a frozen runner is said within seconds, and the page comes back by itself', async ({ browser }) => {
  const page = await enter(browser, 'viewer')
  await calm(page)
  const runner = processOf('runner')
  process.kill(runner, 'SIGSTOP')
  try {
    await expect(page.getByRole('status', { name: /Live feed: (?!LIVE)/ })).toBeVisible({ timeout: 20_000 })
  } finally {
    process.kill(runner, 'SIGCONT')
  }
  await expect(page.getByRole('status', { name: /Live feed: LIVE/ })).toBeVisible({ timeout: 20_000 })
  await calm(page)
})

test('nothing overflows on a phone', async ({ browser }) => {
  const page = await enter(browser, 'viewer')
  await page.setViewportSize({ width: 390, height: 844 })
  await calm(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
})
