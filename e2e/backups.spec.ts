import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab } from './lab'
import { enter } from './people'
import { test } from './test'

test.afterEach(async () => {
  await lab('/lab/heal', {})
})

const backups = (page: Page) => page.getByRole('listitem').filter({ hasText: /\.sql\.gz\.gpg/ })
/** The buckets are read every 30 s in the lab; the page shows what the newest reading said. */
const shows = (page: Page, text: RegExp) =>
  expect(async () => {
    await page.goto('/backups')
    await expect(page.getByRole('main')).toContainText(text, { timeout: 1_000 })
  }).toPass({ timeout: 120_000, intervals: [2_000] })

test('the backups in S3 are judged, verified, and rejected with a reason when they are bad', async ({ browser }) => {
  test.setTimeout(360_000)
  const page = await enter(browser, 'viewer')
  await page.getByRole('link', { name: 'Backups' }).click()
  await expect(page.getByRole('heading', { name: 'Backups in S3' })).toBeVisible()
  await shows(page, /RECOMMENDED/)
  await expect(backups(page).first()).toContainText('MATCHES')
  await expectAccessible(page, 'backups in S3')
  // By itself: the runner reads each recommended backup to its end, once.
  await shows(page, /Read to its end at .*: whole/)

  await lab('/lab/faults', { fault: 'backup-flipped' })
  await shows(page, /REJECTED\s*SHA-256 differs from the metadata/)

  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/backups')
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  expect(width).toBeLessThanOrEqual(390)
})

test('the first HTML of the page contains its facts', async ({ browser }) => {
  const page = await enter(browser, 'viewer')
  await shows(page, /RECOMMENDED/)
  const html = await (await page.request.get('/backups')).text()
  for (const fact of ['Recommended backup', 'castmatch-db-backups-dr', '.sql.gz.gpg', 'A restore loses'])
    expect(html).toContain(fact)
})
