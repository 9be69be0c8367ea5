import { expect, type Page } from '@playwright/test'
import { enter } from './people'
import { declareIncident } from './product'
import { test } from './test'

/*
 * A commander with ten tabs. A browser opens six connections to one site over HTTP/1.1: with a stream in each tab the seventh tab
 * never loaded, and a note was not taken for half a minute.
 */
const tabCount = 10
const note = (page: Page) => page.getByLabel('Write a note')

test('ten tabs share one stream, take notes at once, and say when they are of an older version', async ({
  browser,
}) => {
  test.setTimeout(180_000)
  const first = await enter(browser, 'commander')
  const context = first.context()
  const streams = new Map<unknown, Page>()
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/live') streams.set(request, request.frame().page())
  })
  const ended = (request: unknown) => streams.delete(request)
  context.on('requestfinished', ended)
  context.on('requestfailed', ended)
  await first.goto('/incidents')
  const address = await declareIncident(first)
  await first.reload()
  const tabs = [first]
  while (tabs.length < tabCount) {
    const tab = await context.newPage()
    await tab.goto(address)
    tabs.push(tab)
  }
  for (const tab of tabs) await expect(tab.getByRole('status', { name: /Live feed: LIVE/ })).toBeVisible()
  expect(streams.size).toBe(1)

  const last = tabs.at(-1) ?? first
  const [frozen, older] = [tabs[4] ?? first, tabs[5] ?? first]
  const lifecycle = await context.newCDPSession(frozen)
  await lifecycle.send('Page.setWebLifecycleState', { state: 'frozen' })
  await note(last).fill('Written in the tenth tab.')
  const sent = Date.now()
  await note(last).press('Enter')
  await expect(note(last)).toHaveValue('')
  expect(Date.now() - sent, 'a note is taken at once').toBeLessThan(10_000)
  const everything = async (tab: Page) => {
    await tab.getByRole('radio', { name: /Everything/ }).click()
    await expect(tab.locator('article.entry', { hasText: 'Written in the tenth tab.' })).toBeVisible()
  }
  await everything(first)
  // A tab that slept reads what it has missed.
  await lifecycle.send('Page.setWebLifecycleState', { state: 'active' })
  await everything(frozen)

  // The tab that reads the stream is closed; another takes over, and all go on.
  const reader = [...streams.values()][0] ?? first
  await reader.close()
  const left = tabs.filter((tab) => tab !== reader)
  for (const tab of left.slice(0, 3)) await expect(tab.getByRole('status', { name: /Live feed: LIVE/ })).toBeVisible()
  await expect.poll(() => streams.size).toBe(1)

  // Another version answers: the tab says so, keeps what was typed, and reloads by one button.
  const tab = left.find((one) => one === older) ?? left[0] ?? first
  await tab.getByLabel('Search the timeline').fill('not sent yet')
  await note(tab).fill('half a sentence')
  await tab.evaluate(() => {
    const other = new BroadcastChannel('warroom-feed')
    const heard = { kind: 'event', name: 'hello', data: JSON.stringify({ connected: true, build: 'another' }) }
    // From a tab that is first of all, so that also the one that reads listens.
    other.postMessage({ kind: 'says', from: '', heard })
    other.postMessage({ kind: 'says', from: '', heard })
  })
  await tab.getByRole('button', { name: 'Reload and keep my text' }).click()
  await tab.waitForLoadState('load')
  await expect(note(tab)).toHaveValue('half a sentence')
  await expect(tab.getByLabel('Search the timeline')).toHaveValue('not sent yet')
})
