/**
 * `npm run screenshots`: breaks a lab of its own and takes the pictures of the README from the running product. Part of
 * the benchmarks' room because it starts the product and a browser as they do.
 */

import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { startFailover } from '../e2e/product'
import { startProduct } from './product'
import { launchBrowser, openSituation, showsCalm, until } from './situation-page'

const folder = join(import.meta.dirname, '../public/readme')
mkdirSync(folder, { recursive: true })

async function take(page: Page, name: string) {
  const path = join(folder, name)
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path, animations: 'disabled' })
  console.log(`public/readme/${name}: ${Math.round(statSync(path).size / 1024)} KB`)
}

const product = await startProduct(Number(process.env.PORT ?? 26_600))
const browser = await launchBrowser()
try {
  const responder = await openSituation(browser, product.url, 'responder')
  const approver = await openSituation(browser, product.url, 'approver')
  await until('calm', 90_000, async () => (await showsCalm(responder)) || null)
  // A chart with something to see: some lag of the application's own load.
  await responder.getByRole('radio', { name: '5 min', exact: true }).click()
  await responder.waitForTimeout(45_000)
  await product.lab('/lab/faults', { fault: 'kill-writer' })
  await responder.locator('section[aria-label="Verdict"]', { hasText: 'CONFIRMED' }).waitFor({ timeout: 60_000 })
  await responder.waitForTimeout(2000)
  await take(responder, 'situation.png')

  await responder.goto(`${product.url}/procedures/primary-failover`)
  await startFailover(responder)
  await approver.goto(responder.url())
  await approver.getByLabel(/Type the name of the target/).waitFor({ timeout: 60_000 })
  await take(approver, 'run-approval.png')
} finally {
  await browser.close()
  await product.stop()
}
