import { expect, test } from '@playwright/test'
import { lab } from './lab'
import { enter } from './people'

/* From the first symptom to the report, as three people see it: who declares, who writes, and the wall. */

test('an incident is declared, is on the wall, keeps what people write as text, and has its report', async ({
  browser,
}) => {
  test.setTimeout(150_000)
  await lab('/lab/heal', {})
  const commander = await enter(browser, 'commander')
  const wall = await enter(browser, 'viewer')
  await wall.setViewportSize({ width: 1920, height: 1080 })
  await wall.goto('/wall')
  await commander.getByRole('button', { name: 'Declare incident' }).click()
  await commander
    .getByRole('dialog')
    .getByRole('button', { name: /^Declare/ })
    .click()
  await commander.waitForURL(/\/incidents\/\d+$/)
  const address = new URL(commander.url()).pathname
  const number = address.split('/').at(-1)
  await expect(wall.getByText(`INC-${number}`).first()).toBeVisible()

  const box = commander.getByPlaceholder(/Write a note/)
  await expect(box).toBeVisible()
  await commander.keyboard.press('n')
  await expect(box).toBeFocused()
  await box.fill('/decision wait for the readers <img src=x onerror="document.title=1">')
  await commander.getByRole('button', { name: 'Add decision' }).click()
  await expect(commander.getByText(/wait for the readers/).first()).toBeVisible()
  expect(await commander.title()).not.toBe('1')

  // The same in another browser, without a reload of the first.
  const other = await enter(browser, 'responder')
  await other.goto(address)
  await expect(other.getByText(/wait for the readers/).first()).toBeVisible()

  await commander.goto(`${address}/report`)
  await expect(commander.getByRole('heading', { level: 1 })).toContainText(/./)
  const exported = await commander.request.get(`/api/export/${number}?format=json`)
  expect(exported.status()).toBe(200)
  expect(JSON.stringify(await exported.json())).toContain('wait for the readers')
})
