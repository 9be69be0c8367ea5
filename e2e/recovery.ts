import { expect, type Page } from '@playwright/test'

/* What several specs do to recover: the steps of people, by what they see. */

export const verdict = (page: Page) => page.getByRole('region', { name: 'Verdict' })
export const calm = async (page: Page) => expect(verdict(page)).toContainText(/Healthy/, { timeout: 60_000 })

/** Fills the form of P1, which is open, and starts it; answers the run's address. */
export async function startFailover(page: Page): Promise<string> {
  await page.waitForURL(/\/procedures\/primary-failover/)
  await page.getByRole('radio', { name: 'Real' }).click()
  await page.getByLabel('Why now').fill('The writer is down and that is confirmed.')
  await page.getByLabel(/Type the name of the environment/).fill('lab')
  await expect(page.getByText('MAY START')).toBeVisible({ timeout: 30_000 })
  await page.getByRole('button', { name: /Start P1/ }).click()
  await page.waitForURL(/\/runs\//)
  return new URL(page.url()).pathname
}

/** Approves what is asked and returns the most that it says may be lost, in seconds. */
export async function approve(page: Page): Promise<number> {
  const card = page.getByRole('region', { name: /Fail over to/ })
  await expect(card).toBeVisible({ timeout: 30_000 })
  const target = await card
    .getByText(/^castmatch-/)
    .last()
    .textContent()
  const words = (await card.getByRole('heading').first().textContent()) ?? ''
  const most = /lose at most (?:(\d+) min )?([\d.]+) (ms|s)/.exec(words)
  if (!target || !most) throw new Error(`the question does not name target and loss: ${words}`)
  await card.getByLabel(/Type the name of the target/).fill(target)
  await card.getByRole('button', { name: /^Approve/ }).click()
  return Number(most[1] ?? 0) * 60 + Number(most[2]) / (most[3] === 'ms' ? 1000 : 1)
}

export const done = (page: Page) => expect(page.locator('[data-run-state="done"]')).toBeVisible({ timeout: 90_000 })
