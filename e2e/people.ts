import { type Browser, expect, type Page } from '@playwright/test'

/** A signed-in browser of one lab person, with its own cookies. */
export async function enter(
  browser: Browser,
  role: 'viewer' | 'responder' | 'approver' | 'commander' | 'admin',
): Promise<Page> {
  const page = await (await browser.newContext({ colorScheme: 'dark', reducedMotion: 'reduce' })).newPage()
  await page.goto('/sign-in')
  await page.getByRole('button', { name: new RegExp(`, ${role}`) }).click()
  await expect(page.getByRole('region', { name: 'Verdict' })).toBeVisible({ timeout: 60_000 })
  return page
}
