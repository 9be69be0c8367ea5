import { type Browser, expect, type Page } from '@playwright/test'
import { stopRuns } from './lab'
import { enter } from './people'
import { declareIncident } from './product'
import { startDrill, verdict } from './recovery'
import { test } from './test'
import { built } from './wire/built'

/*
 * Scripts are late, blocked or broken: each page has its facts in its first HTML. The same pages with scripts, in a zone of their
 * own, are taken over by the browser as they are.
 */

/** Pages that show no facts: a form, or the way to one. */
const withoutFacts = ['/sign-in', '/choose-password', '/confirmed', '/_not-found', '/_global-error', '/runs']

/** Rows are there for a run that compares them: components/reconcile/reconcile-screen.test.tsx draws that page without scripts. */
const shownElsewhere = ['/runs/[id]/rows']

/** Words that a page shows to whoever reads it. */
const wordsOf = async (page: Page): Promise<string[]> =>
  // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not read
  ((await page.locator('main').innerText()).match(/[\p{L}\p{N}][\p{L}\p{N}.:-]*/gu) ?? []).map((word) =>
    word.toLowerCase(),
  )

const desk = { width: 1440, height: 900 }
const screens = [
  { width: 390, height: 844 },
  { width: 820, height: 1180 },
]

/** What is wrong with a page under a finger: it goes beyond the screen's side, or a target is smaller than 44 px. */
async function underAFinger(page: Page, size: { width: number; height: number }): Promise<string[]> {
  await page.setViewportSize(size)
  return page.evaluate(() => {
    const beyond = document.documentElement.scrollWidth - window.innerWidth
    const small = [...document.querySelectorAll<HTMLElement>('button, .btn, .place, select, textarea, summary, input')]
      .filter((target) => !target.matches('[type="checkbox"], [type="radio"], [type="range"], .skip, .wall-room *'))
      .filter((target) => target.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .map((target) => ({ target, box: target.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && (box.width < 43.5 || box.height < 43.5))
      .map(({ target, box }) => {
        const name = target.ariaLabel ?? target.textContent ?? ''
        return `${name.slice(0, 40)} is ${Math.round(box.width)} x ${Math.round(box.height)}`
      })
    return [...(beyond > 0 ? [`${beyond} px beyond the side`] : []), ...small]
  })
}

/** The person of a page, in a browser of their own. */
async function again(browser: Browser, of: Page, options: Parameters<Browser['newContext']>[0]): Promise<Page> {
  const storageState = await of.context().storageState()
  return await (
    await browser.newContext({ storageState, colorScheme: 'dark', timezoneId: 'Asia/Tokyo', ...options })
  ).newPage()
}

test('with scripts off every page shows its facts, also to a finger, and with scripts the browser takes over the same page', async ({
  browser,
}) => {
  test.setTimeout(240_000)
  const commander = await enter(browser, 'commander')
  await expect(verdict(commander)).toContainText(/Healthy/, { timeout: 45_000 })
  const incident = await declareIncident(commander)
  await commander.getByLabel('Write a note').fill('The first page **must** say this.')
  await commander.getByLabel('Write a note').press('Enter')
  await expect(commander.getByLabel('Write a note')).toHaveValue('')
  const run = await startDrill(commander)
  await stopRuns()

  const facts: Record<string, { path: string; shows: string[] }> = {
    '/': { path: '/', shows: ['castmatch-prod-primary', 'castmatch-prod-replica-1', 'Backups', 'PgBouncer'] },
    '/incidents': { path: '/incidents', shows: [incident.replace('/incidents/', 'INC-')] },
    '/incidents/[number]': {
      path: incident,
      shows: ['Declared SEV', 'Elapsed since impact', 'Commander', 'Checklist'],
    },
    '/incidents/[number]/decision': { path: `${incident}/decision`, shows: ['Primary database failover'] },
    '/incidents/[number]/report': { path: `${incident}/report`, shows: ['RTO', 'hash chain'] },
    '/procedures': { path: '/procedures', shows: ['Primary database failover', 'STOPPED'] },
    '/procedures/[slug]': { path: '/procedures/primary-failover', shows: ['Reason (required)'] },
    '/runs/[id]': { path: run, shows: ['A rehearsal, agreed with the team.', 'Confirm the failure', 'must'] },
    '/escalation': { path: '/escalation', shows: ['L1', 'External contacts'] },
    '/reports': { path: '/reports', shows: ['Mean time to recover', incident.replace('/incidents/', 'INC-')] },
    '/backups': { path: '/backups', shows: ['Backups'] },
    '/settings': { path: '/settings', shows: ['PagerDuty', 'Wall links'] },
    '/settings/audit': { path: '/settings/audit', shows: ['Your role cannot read the audit trail.'] },
    '/wall': { path: '/wall', shows: [incident.replace('/incidents/', 'INC-'), 'RTO'] },
  }
  expect(
    built()
      .pages.filter((page) => ![...withoutFacts, ...shownElsewhere].includes(page))
      .sort(),
  ).toEqual(Object.keys(facts).sort())

  const broken: string[] = []
  const still = await again(browser, commander, { javaScriptEnabled: false, hasTouch: true, isMobile: true })
  const live = await again(browser, commander, {})
  live.on('console', (message) => {
    if (message.type() === 'error' && /hydrat|#4[12]\d/i.test(message.text()))
      broken.push(`${live.url()}: ${message.text()}`)
  })
  live.on('pageerror', (error) => broken.push(`${live.url()}: ${error.message}`))
  // The first page tells the server which zone this browser is in.
  await live.goto('/')
  await expect(live.locator('html')).toHaveAttribute('data-zone', 'Asia/Tokyo')
  for (const [name, { path, shows }] of Object.entries(facts)) {
    await still.setViewportSize(desk)
    const answer = await still.goto(path)
    const main = still.locator('main')
    const text = (await main.textContent({ timeout: 10_000 })) ?? ''
    for (const fact of shows) if (!text.includes(fact)) broken.push(`${name} does not show: ${fact}`)
    // What is streamed after its place is put there by a script.
    if (/<template id="B:|<div hidden id="S:/.test((await answer?.text()) ?? '')) broken.push(`${name} is streamed`)
    const awaited = await main.locator('[aria-busy="true"], .skeleton').count()
    // The chart alone needs scripts.
    if (awaited !== (name === '/' ? 5 : 0)) broken.push(`${name} waits for ${awaited} parts`)
    const without = await wordsOf(still)
    for (const size of screens) {
      const wrong = await underAFinger(still, size)
      if (wrong.length) broken.push(`${name} at ${size.width}: ${wrong.join('; ')}`)
    }
    await live.goto(path)
    await live.waitForLoadState('load')
    const with_ = await wordsOf(live)
    const missing = with_.filter((word) => /^\p{L}/u.test(word) && !without.includes(word))
    if (missing.length > 0.06 * with_.length)
      broken.push(
        `${name}: ${missing.length} of ${with_.length} words need scripts: ${[...new Set(missing)].join(' ')}`,
      )
  }
  expect(broken).toEqual([])

  // With scripts, a page that takes its time shows its places meanwhile.
  await live.goto('/')
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await live.route('**/escalation?**', async (route) => {
    await released
    await route.continue()
  })
  await live.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link', { name: 'Escalation' }).click()
  await expect(
    live
      .locator('main')
      .getByRole('status')
      .filter({ hasText: /^Loading$/ }),
  ).toBeAttached()
  release()
  await expect(live.getByRole('heading', { name: 'Escalation' })).toBeVisible()

  // Whoever reads without scripts is told that the page stands still, and in which zone its times are.
  await still.goto(incident)
  await expect(still.getByText(/Scripts are off.*\(UTC\)/)).toBeVisible()
})
