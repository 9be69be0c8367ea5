import { type Browser, expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab, resumePoolers, sql, stopRuns } from './lab'
import { enter } from './people'

/* What several specs do to recover: the steps of people, by what they see. */

export const verdict = (page: Page) => page.getByRole('region', { name: 'Verdict' })
/** Approves what is asked and returns the most that it says may be lost, in seconds. */
export async function approve(page: Page): Promise<number> {
  const card = page.getByRole('region', { name: /Fail over to/ })
  await expect(card).toBeVisible({ timeout: 30_000 })
  const target = await card
    .getByText(/^castmatch-/)
    .last()
    .textContent()
  const words = (await card.getByRole('heading').first().textContent()) ?? ''
  const most = /at most (?:(\d+) min )?([\d.]+) (ms|s)/.exec(words)
  if (!target || !most) throw new Error(`the question does not name target and loss: ${words}`)
  await card.getByLabel(/Type the name of the target/).fill(target)
  await card.getByRole('button', { name: /^Approve/ }).click()
  return Number(most[1] ?? 0) * 60 + Number(most[2]) / (most[3] === 'ms' ? 1000 : 1)
}

/** Approves the question of this title, typing what confirms it. */
export async function approveAs(page: Page, title: RegExp, typed: string): Promise<void> {
  const card = page.getByRole('region', { name: title })
  await expect(card).toBeVisible({ timeout: 90_000 })
  await expectAccessible(page, String(title))
  await card.getByLabel(/Type the name of the target/).fill(typed)
  await card.getByRole('button', { name: /^Approve/ }).click()
}

export const done = (page: Page) => expect(page.locator('[data-run-state="done"]')).toBeVisible({ timeout: 90_000 })

/** A drill on a healthy cluster; answers the run's address. */
export async function startDrill(page: Page): Promise<string> {
  await page.goto('/procedures/primary-failover')
  await page.getByRole('radio', { name: 'Drill', exact: true }).click()
  await page.getByLabel('Reason (required)').fill('A rehearsal, agreed with the team.')
  await page.getByRole('button', { name: /as a drill/ }).click()
  await page.waitForURL(/\/runs\//)
  return new URL(page.url()).pathname
}

export const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
export const because = async (page: Page, label: string | RegExp, go: string | RegExp) => {
  await page.getByLabel(label).fill('Decided together, on the call.')
  await button(page, go).click()
}
export const runIs = (page: Page, state: string) =>
  expect(page.locator(`[data-run-state="${state}"]`)).toBeVisible({ timeout: 30_000 })

/**
 * A lab without faults, without a run that is under way, and with a healthy cluster: for the beginning of each test. Damage that
 * a failed test left behind is dismissed, so that its failure is the only one.
 */
export async function quiet(browser: Browser): Promise<void> {
  await stopRuns()
  await lab('/lab/heal', {})
  await resumePoolers()
  const page = await enter(browser, 'commander')
  await expect(async () => {
    const left = button(page, 'Dismiss with a reason').first()
    if (await left.isVisible()) await dismiss(page, 'Left behind by the test before.')
    await expect(verdict(page)).toContainText(/Healthy/, { timeout: 5_000 })
  }).toPass({ timeout: 55_000 })
  await tablesAreSettled()
  await page.context().close()
}

/**
 * A restore point is a whole second, and the last known good one is the collector's last look. A table that the test before had
 * dropped, and that was made anew just now, would be missing in a copy of that second.
 */
const tablesAreSettled = () =>
  expect
    .poll(
      async () => {
        const young = await sql(
          "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_xact_commit_timestamp(xmin) > clock_timestamp() - interval '5 s'",
        )
        return young.length
      },
      { timeout: 30_000 },
    )
    .toBe(0)

async function dismiss(commander: Page, reason: string): Promise<void> {
  await button(commander, 'Dismiss with a reason').first().click()
  await commander.getByLabel(/Why/).fill(reason)
  await button(commander, 'Dismiss the finding').click()
}

/** A commander says that damage is over; without that its finding stays, and blocks what a failover would not repair. */
export async function dismissFinding(commander: Page, reason: string): Promise<void> {
  await commander.goto('/')
  await dismiss(commander, reason)
  await expect(verdict(commander)).toContainText(/Healthy/, { timeout: 60_000 })
}

/** Resolves an incident in spite of checks that do not hold, which takes a reason. */
export async function resolveAnyway(commander: Page, incident: string, reason: string): Promise<void> {
  await commander.goto(incident)
  const status = commander.getByRole('region', { name: 'Status' })
  await status.getByRole('button', { name: 'Resolve' }).click()
  await status.getByLabel(/Why resolve anyway/).fill(reason)
  await status.getByRole('button', { name: 'Resolve anyway' }).click()
  await expect(status.getByText('Resolved', { exact: true }).first()).toBeVisible()
}
