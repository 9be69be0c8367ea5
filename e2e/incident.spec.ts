import AxeBuilder from '@axe-core/playwright'
import { expect, type Page, type Response } from '@playwright/test'
import { lab } from './lab'
import { enter } from './people'
import { test } from './test'

/* An incident as the people who lead it see it. */

/** Declares what the dialog proposes; answers the incident's address. */
async function declare(page: Page, { drill = false } = {}): Promise<string> {
  await page.goto('/incidents#declare')
  const dialog = page.getByRole('dialog')
  if (drill) await dialog.getByLabel('This is a drill').check()
  await dialog.getByRole('button', { name: /^Declare/ }).click()
  await page.waitForURL(/\/incidents\/\d+$/)
  return new URL(page.url()).pathname
}
/** What the lab's pager, chat and status page got, newest last. */
async function messages(): Promise<{ service: string; text: string }[]> {
  return ((await lab('/lab/messages')) as { messages: { service: string; text: string }[] }).messages
}
/** Posts of this page fail as if the network were gone, until the answer is called. */
async function withoutNetwork(page: Page): Promise<() => Promise<void>> {
  await page.route('**/incidents/**', (route) =>
    route.request().method() === 'POST' ? route.abort() : route.continue(),
  )
  return () => page.unroute('**/incidents/**')
}
/** Posts of this page stay on their way until the answer is called. */
async function withoutAnswer(page: Page): Promise<() => void> {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/incidents/**', async (route) => {
    if (route.request().method() === 'POST') await released
    await route.continue()
  })
  return release
}

test('two people lead one incident: a role changes hands, a failed save keeps the text, a link finds its entry', async ({
  browser,
}) => {
  test.setTimeout(120_000)
  const commander = await enter(browser, 'commander')
  const address = await declare(commander)
  const responder = await enter(browser, 'responder')
  await responder.goto(address)

  await responder.getByRole('button', { name: 'Take Operations' }).click()
  await commander.getByRole('button', { name: 'Hand over Commander' }).click()
  const { name } = (await (await responder.request.get(`/api${address}`)).json()).me as { name: string }
  await commander.getByRole('menuitem', { name: `Offer to ${name}` }).click()
  await responder.getByRole('button', { name: 'Accept Commander' }).click()
  await expect(commander.getByText(/accepts commander from/).first()).toBeVisible()

  // The network goes away between the browser and us; what was typed stays, and is written once when it is back.
  const box = responder.getByLabel('Write a note')
  const networkBack = await withoutNetwork(responder)
  await box.fill('**must** not be lost')
  await box.press('Enter')
  await expect(responder.locator('.write-box').getByRole('alert')).toContainText('Your text is kept here')
  await expect(box).toHaveValue('**must** not be lost')
  await networkBack()
  await box.press('Enter')
  await expect(box).toHaveValue('')
  await commander.getByRole('radio', { name: /Everything/ }).click()
  await expect(commander.locator('article.entry strong', { hasText: 'must' })).toHaveCount(1)

  // A pin brings it into the story of everybody who looks, and a correction takes it out again; both are entries.
  const story = (text: string) => responder.locator('article.entry', { hasText: text })
  await expect(story('must not be lost')).toHaveCount(0)
  const note = commander.locator('article.entry-note', { hasText: 'must not be lost' })
  await note.hover()
  await note.getByRole('button', { name: 'Pin this entry' }).click()
  await expect(story('must not be lost')).toContainText('pinned')
  await note.getByRole('button', { name: 'Correct this entry' }).click()
  await commander.getByLabel('Corrected text').fill('It was kept.')
  // An answer that does not come is said to be missing, and what was sent is done when it does.
  const answer = await withoutAnswer(commander)
  await commander.getByRole('button', { name: 'Save correction' }).click()
  await expect(commander.getByText(/has not responded for \d+ s/)).toBeVisible()
  answer()
  await expect(story('It was kept.')).toContainText('corrects an earlier entry')
  await expect(story('must not be lost')).toHaveCount(0)
  await box.fill('00:01 Somebody saw the first error')
  await box.press('Enter')
  await commander.getByLabel('Search the timeline').fill('the first error')
  await expect(commander.locator('article.entry')).toContainText([/00:01:00.*, written later, at/])
  await commander.getByLabel('Search the timeline').fill('')

  // A link leads to an entry of the everything, from whatever one is looking at.
  const { entries } = (await (
    await responder.request.get(`/api${address}/timeline?scope=everything&kinds=note`)
  ).json()) as { entries: { id: string; text: string }[] }
  const other = await enter(browser, 'viewer')
  await other.goto(`${address}#e-${entries.find(({ text }) => text.includes('must'))?.id}`)
  await expect(other.locator('article.entry[data-linked]')).toContainText('must not be lost')

  // The same trouble, declared once more, is led in one place.
  const number = address.split('/').at(-1)
  await declare(responder)
  await responder.getByRole('button', { name: 'Merge into another' }).click()
  await responder.getByRole('button', { name: new RegExp(`^Merge into INC-${number}:`) }).click()
  await expect(responder.getByText(`This incident was merged into INC-${number}`)).toBeVisible()

  for (const colorScheme of ['dark', 'light'] as const) {
    await commander.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { violations } = await new AxeBuilder({ page: commander }).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  }
})

test('people are woken and told: a pager that refuses, a level that answers, an update that is sent once', async ({
  browser,
}) => {
  const commander = await enter(browser, 'commander')
  const responder = await enter(browser, 'responder')
  const address = await declare(commander)
  await responder.goto(address)
  const escalation = (page: Page) => page.getByRole('region', { name: 'Escalation' })
  const level = (page: Page, name: string) => escalation(page).getByRole('listitem').filter({ hasText: name })

  await lab('/lab/faults', { fault: 'receiver-refuses', target: 'pagerduty', parameters: { status: 400 } })
  try {
    await escalation(commander).getByRole('button', { name: 'Page L1, Rotation' }).click()
    await commander.getByRole('button', { name: 'Page Rotation' }).click()
    await expect(level(responder, 'On-call engineer')).toContainText('NOT SENT')
    await expect(level(responder, 'On-call engineer')).toContainText('Call the on-call engineer.')
    await expect(escalation(responder)).toContainText('The page to L1 could not be sent.')
  } finally {
    await lab('/lab/heal', { fault: 'receiver-refuses' })
  }

  // Any level may be called: the other person jumps over the one that is suggested.
  await escalation(responder).getByRole('button', { name: 'Page L4, Jane Doe' }).click()
  await responder.getByLabel('Message').fill('We need you to decide')
  await responder.getByRole('button', { name: 'Page Jane Doe' }).click()
  await expect(level(commander, 'Jane Doe')).toContainText(/WAITING \d\d:\d\d/)
  expect((await messages()).at(-1)).toMatchObject({
    service: 'pagerduty',
    text: expect.stringContaining('We need you to decide'),
  })
  await lab('/lab/answer-page', {})
  for (const page of [commander, responder]) await expect(level(page, 'Jane Doe')).toContainText(/ACK \d\d:\d\d/)

  const incident = async () => (await responder.request.get(`/api${address}`)).json()
  const { number, nextUpdateDueAt: dueBefore } = await incident()
  await commander.getByRole('button', { name: 'Write the first update' }).click()
  await commander.getByRole('radio', { name: /Status page/ }).click()
  const text = commander.getByLabel('Text of the update')
  await expect(text).toHaveValue(/Next update in \d+ min\./)
  await text.fill(`Logging in fails for some; a word from INC-${number}.`)
  const networkBack = await withoutNetwork(commander)
  const publish = commander.getByRole('button', { name: 'Publish on the status page' })
  await publish.click()
  await expect(commander.getByRole('dialog').getByRole('alert')).toContainText('Your text is kept here')
  await networkBack()
  await expect(text).toHaveValue(/a word from INC/)
  await publish.click()
  await expect(responder.getByRole('article').filter({ hasText: 'Logging in fails for some' })).toHaveCount(1)
  const went = responder.getByRole('list', { name: 'Delivery of the last update' })
  await expect(went.getByText('TAKEN')).toHaveCount(2)
  const told = (await messages()).filter((one) => one.text.includes(`a word from INC-${number}`))
  expect(told.map(({ service }) => service).toSorted()).toEqual(['slack', 'status-page'])
  expect((await incident()).nextUpdateDueAt).toBeGreaterThan(dueBefore)

  await responder.goto('/escalation')
  const support = responder.getByRole('listitem').filter({ hasText: 'AWS Support' })
  await expect(support).toContainText('•••••6789')
  await support.getByRole('button', { name: /Show the account number/ }).click()
  await expect(support).toContainText('123456789')
  await support.getByRole('button', { name: /Hide the account number/ }).click()
  await expect(support).not.toContainText('123456789')

  await commander.getByRole('button', { name: 'Resolve', exact: true }).click()
  await commander.getByLabel(/Why resolve anyway/).fill('The balancer was repaired.')
  await commander.getByRole('button', { name: 'Resolve anyway' }).click()
  await expect(level(commander, 'Jane Doe')).toContainText('ENDED')
  const paged = (await messages()).filter((one) => one.text.includes('We need you to decide'))
  expect(paged).toMatchObject([{ state: 'resolved', times: 1 }])
})

test('two people write one report: neither loses a word, and it is final after a review', async ({ browser }) => {
  const commander = await enter(browser, 'commander')
  const responder = await enter(browser, 'responder')
  const report = `${await declare(commander, { drill: true })}/report`
  const summary = (page: Page) => page.getByRole('region', { name: 'Summary' })
  for (const page of [commander, responder]) {
    await page.goto(report)
    await page.getByRole('button', { name: 'Write Summary' }).click()
  }
  await summary(commander).getByRole('textbox').fill('The writer died.')
  await expect(summary(commander)).toContainText('Saved')
  await summary(responder).getByRole('textbox').fill('Replica 1 took over.')
  const conflict = summary(responder).getByRole('alert')
  await expect(conflict).toContainText('The writer died.')
  await expect(summary(responder).getByRole('textbox')).toHaveValue('Replica 1 took over.')
  // It stands after a reload too: both texts, and the question.
  await responder.reload()
  await expect(conflict).toContainText('The writer died.')
  await conflict.getByRole('button', { name: 'Keep both' }).click()
  await expect(summary(responder)).toContainText('Saved')
  await summary(commander).getByRole('button', { name: 'Done' }).click()
  await expect(summary(commander)).toContainText('The writer died. Replica 1 took over.', { useInnerText: true })

  await responder.getByRole('button', { name: 'Request review' }).click()
  await expect(responder.getByRole('button', { name: 'Publish' })).toBeDisabled()
  await commander.getByRole('button', { name: 'Publish' }).click()
  await expect(responder.getByText('FINAL')).toBeVisible()
  await expect(responder.getByRole('button', { name: /^Write / })).toHaveCount(0)
  await summary(responder).getByRole('button', { name: 'Versions of Summary' }).click()
  await responder.getByRole('dialog').getByLabel('Version').selectOption('1')
  await expect(responder.getByRole('dialog')).not.toContainText('Replica 1')
  await responder.goto('/reports')
  const row = responder.getByRole('row').filter({ has: responder.locator(`a[href="${report}"]`) })
  await expect(row).toContainText('FINAL')
  await expect(row).toContainText('DRILL')
})

test('each integration is tested from the settings, by an admin only, and says how it went', async ({ browser }) => {
  const admin = await enter(browser, 'admin')
  await admin.goto('/settings')
  const line = (page: Page, name: string) =>
    page.getByRole('region', { name: 'Integrations' }).getByRole('listitem', { name })
  await lab('/lab/faults', { fault: 'receiver-refuses', target: 'status-page', parameters: { status: 401 } })
  try {
    for (const name of ['PagerDuty', 'Slack', 'Status page', 'Alert webhook'])
      await admin.getByRole('button', { name: `Send a test to ${name}` }).click()
    for (const name of ['PagerDuty', 'Slack', 'Alert webhook'])
      await expect(line(admin, name)).toContainText(/TAKEN.*Taken in \d+ ms/)
    await expect(line(admin, 'Status page')).toContainText(/FAILED.*The status page refused it \(status 401\)/)
  } finally {
    await lab('/lab/heal', { fault: 'receiver-refuses' })
  }
  expect((await messages()).filter(({ text }) => text.includes('Nothing is wrong.'))).toHaveLength(2)
  const viewer = await enter(browser, 'viewer')
  await viewer.goto('/settings')
  await expect(line(viewer, 'Slack')).toContainText('TAKEN')
  await expect(viewer.getByRole('button', { name: 'Send a test to Slack' })).toBeDisabled()
  await expect(viewer.getByRole('region', { name: 'Alerts without an incident' })).toHaveCount(0)

  // Who asked stands in the audit trail, which is not for everybody.
  await admin.goto('/settings/audit')
  await admin.getByRole('radio', { name: 'Settings, links and store' }).click()
  await expect(admin.getByText(/asked for a test of Slack/)).toBeVisible()
  await expect(admin.getByText(/^Declared /)).toHaveCount(0)
  await admin.getByRole('button', { name: 'Verify the full chain' }).click()
  await expect(admin.getByText('WHOLE', { exact: true })).toBeVisible()
  const { violations } = await new AxeBuilder({ page: admin }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  await viewer.goto('/settings/audit')
  await expect(viewer.getByText(/This needs an admin\./)).toBeVisible()
  for (const path of ['/api/record', '/api/record/check']) expect((await viewer.request.get(path)).status()).toBe(403)
})

test('a wall hangs by a link without a session: it gets what it shows, opens nothing else, and is closed with its link', async ({
  browser,
}) => {
  const commander = await enter(browser, 'commander')
  await declare(commander)
  await commander.getByLabel('Expires after').selectOption('1 day')
  await commander.getByRole('button', { name: 'Create a link for a shared screen' }).click()
  const href = (await commander.getByRole('link', { name: /wall#link=/ }).getAttribute('href')) ?? ''
  const link = new URL(href).hash.replace('#link=', '')
  const { id: commanderId } = (await (await commander.request.get('/api/incidents/1')).json()).me as { id: string }

  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce' })
  const wall = await context.newPage()
  const heard: Promise<{ url: string; text: string }>[] = []
  const hear = (response: Response) => {
    if (/text|json|javascript/.test(response.headers()['content-type'] ?? ''))
      heard.push(response.text().then((text) => ({ url: response.url(), text })))
  }
  wall.on('response', hear)
  const asked: string[] = []
  wall.on('request', (request) => asked.push(`${request.url()} ${JSON.stringify(request.headers())}`))
  const live = wall.getByText('LIVE', { exact: true })
  await wall.goto(href)
  await expect(live).toBeVisible()
  // The token is in no address, no Referer and no history: it became a cookie that no script reads.
  await expect(wall).toHaveURL(/\/wall$/)
  expect(await wall.evaluate(() => [window.history.length, document.cookie])).toEqual([2, ''])
  await wall.goto('/api/health')
  await wall.goBack()
  await expect(live).toBeVisible()
  await expect(wall).toHaveURL(/\/wall$/)
  expect(asked.filter((request) => request.includes(link))).toEqual([])
  await expect(wall.getByRole('img', { name: 'Replication lag' })).toContainText(/\d\d:\d\d/)
  await expect(wall.locator('button, input, form, [contenteditable]')).toHaveCount(0)
  wall.off('response', hear)
  for (const { url, text } of await Promise.all(heard)) {
    // What the customer wrote of people and accounts, and what a sign-in is made of.
    expect(text, url).not.toMatch(/@castmatch\.com|\b123456789(012)?\b|PD-12345|DD-67890|\+1-555-01/)
    expect(text, url).not.toContain(commanderId)
    if (url.includes('/_next/')) continue
    expect(text, url).not.toMatch(/[\w.+-]+@[\w-]+\.[a-z]{2,}|\b127\.0\.0\.\d+\b|\.amazonaws\.com|csrf/i)
  }
  expect(await context.cookies()).toMatchObject([
    { name: 'warroom-wall', httpOnly: true, sameSite: 'Strict', value: link },
  ])
  for (const path of [
    '/api/snapshot',
    '/api/incidents',
    '/api/incidents/1',
    '/api/live',
    '/api/escalation',
    '/api/export/1',
  ])
    expect((await context.request.get(path, { maxRedirects: 0 })).status(), path).toBe(401)
  expect((await context.request.post('/api/wall')).status()).toBe(405)
  await wall.goto('/incidents/1')
  await expect(wall).toHaveURL(/\/sign-in/)
  await wall.goto('/wall')
  await expect(live).toBeVisible()

  // Another build answers: the wall, which nobody touches, loads itself anew.
  const loaded = wall.waitForEvent('load')
  await wall.route('**/api/wall', async (route) => {
    const response = await route.fetch()
    const answer = (await response.json()) as { wall: object }
    await route.fulfill({ response, json: { ...answer, wall: { ...answer.wall, build: 'another' } } })
  })
  await loaded
  await expect(live).toBeVisible()
  await wall.unroute('**/api/wall')

  await commander.goto('/settings')
  const hung = commander.getByRole('listitem', { name: /^Wall of INC-/ }).first()
  await expect(hung).toContainText(/Created by .*Expires .*Last used/)
  await hung.getByRole('button', { name: /^Revoke/ }).click()
  await expect(wall.getByText('This wall is closed')).toBeVisible()
  await expect(live).toBeHidden()
})
