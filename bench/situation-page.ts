import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Browser, chromium, type Page } from '@playwright/test'
import { browserOptions } from '../e2e/product'

export const launchBrowser = () => chromium.launch(browserOptions)

/** Opens the Situation page for one of the lab's people, in a browser context of their own. */
export async function openSituation(browser: Browser, url: string, role: string): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    deviceScaleFactor: 1,
  })
  const page = await context.newPage()
  // The loader that runs our TypeScript names functions by a helper, which a page does not have.
  await page.addInitScript('globalThis.__name = (named) => named')
  await page.goto(`${url}/sign-in`)
  await page.getByRole('button', { name: new RegExp(`, ${role}`) }).click()
  await page.locator('section.verdict').first().waitFor()
  return page
}

/** Is the writer's verdict fresh and healthy on this page? */
export const showsCalm = (page: Page) =>
  page.evaluate(() => /Healthy/.test(document.querySelector('section.verdict.calm:not(.hatch)')?.textContent ?? ''))

/** What the running lab wrote of itself for other programs. */
export function labConnection(dataDir: string) {
  return JSON.parse(readFileSync(join(dataDir, 'lab/connection.json'), 'utf8')) as {
    url: string
    database: string
    collectorUser: string
    secrets: { warroomPassword: string; token: string }
  }
}

/** Looks until something is there. Throws when it does not come about within the limit (ms). */
export async function until<T>(what: string, limitMs: number, look: () => T | null | Promise<T | null>): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (Date.now() > deadline) throw new Error(`${what} did not come about within ${limitMs / 1000} s`)
    await pause(50)
  }
}
