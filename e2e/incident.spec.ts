import AxeBuilder from '@axe-core/playwright'
import { expect } from '@playwright/test'
import { enter } from './people'
import { test } from './test'

/* An incident as the people who lead it see it. */

test('two people lead one incident: a role changes hands, a failed save keeps the text, a link finds its entry', async ({
  browser,
}) => {
  test.setTimeout(120_000)
  const commander = await enter(browser, 'commander')
  await commander.goto('/incidents#declare')
  await commander
    .getByRole('dialog')
    .getByRole('button', { name: /^Declare/ })
    .click()
  await commander.waitForURL(/\/incidents\/\d+$/)
  const address = new URL(commander.url()).pathname
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
  await responder.route('**/incidents/**', (route) =>
    route.request().method() === 'POST' ? route.abort() : route.continue(),
  )
  await box.fill('**must** not be lost')
  await box.press('Enter')
  await expect(responder.locator('.write-box').getByRole('alert')).toContainText('What you wrote is kept here')
  await expect(box).toHaveValue('**must** not be lost')
  await responder.unroute('**/incidents/**')
  await box.press('Enter')
  await expect(box).toHaveValue('')
  await commander.getByRole('radio', { name: /Everything/ }).click()
  await expect(commander.locator('article.entry strong', { hasText: 'must' })).toHaveCount(1)

  // A link leads to an entry of the everything, from whatever one is looking at.
  const { entries } = (await (
    await responder.request.get(`/api${address}/timeline?scope=everything&kinds=note`)
  ).json()) as { entries: { id: string }[] }
  const other = await enter(browser, 'viewer')
  await other.goto(`${address}#e-${entries[0]?.id}`)
  await expect(other.locator('article.entry[data-linked]')).toContainText('must not be lost')

  for (const colorScheme of ['dark', 'light'] as const) {
    await commander.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { violations } = await new AxeBuilder({ page: commander }).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  }
})
