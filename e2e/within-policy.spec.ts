/*
 * Every screen works while scripts run by nonce alone: the browser is asked, screen by screen, and it does refuse a script that
 * somebody else put into the page. What other specs open (dialogs, messages, charts) is watched in each of them (test.ts).
 */
import { expect } from '@playwright/test'
import { enter } from './people'
import { test } from './test'
import { built, filled } from './wire/built'
import { site } from './wire/http'

test('every screen becomes live within its policy', async ({ browser, forbidden }) => {
  test.setTimeout(240_000)
  const page = await enter(browser, 'admin')
  const thrown: string[] = []
  page.on('pageerror', (error) => thrown.push(`${page.url()}: ${error.message}`))
  for (const path of built().pages.filter((path) => !path.startsWith('/_')))
    await test.step(path, async () => {
      await page.goto(filled(path).replace('/procedures/999999', '/procedures/primary-failover'))
      // React has taken the page over: it marks the elements that it knows.
      await page.waitForFunction(() =>
        [...document.querySelectorAll('body *')].some((element) =>
          Object.keys(element).some((key) => key.startsWith('__reactFiber$')),
        ),
      )
    })
  await page.goto('/')
  await page.keyboard.press('Control+k')
  await page.getByPlaceholder(/Search screens/).fill('copy')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Sasha, admin' }).click()
  await expect(page.getByRole('menuitem').first()).toBeVisible()
  expect(thrown).toEqual([])
  expect(forbidden).toEqual([])
})

test.describe('a script of somebody else', () => {
  test.use({ breaksPolicy: true })

  test('does not run, in whatever way it came into the page', async ({ browser, forbidden }) => {
    const page = await enter(browser, 'viewer')
    const ran = await page.evaluate(async () => {
      const mark = (how: string) => `(window.ran = window.ran || []).push('${how}')`
      const host = document.createElement('div')
      host.innerHTML = `<img src="/none" onerror="${mark('handler')}"><a href="javascript:${mark('link')}">x</a>`
      document.body.append(host)
      host.querySelector('a')?.click()
      document.body.insertAdjacentHTML(
        'beforeend',
        `<iframe srcdoc="<script>parent.${mark('frame')}</script>"></iframe>`,
      )
      const late = document.createElement('button')
      late.setAttribute('onclick', mark('attribute'))
      late.click()
      await new Promise((resolve) => setTimeout(resolve, 500))
      return (window as { ran?: string[] }).ran ?? []
    })
    expect(ran).toEqual([])
    expect(forbidden.length).toBeGreaterThan(2)
  })

  test('that is written into the HTML without the nonce does not run either', async ({ browser, forbidden }) => {
    const page = await enter(browser, 'viewer')
    await page.route(`${site}/reports`, async (route) => {
      const answer = await route.fetch()
      const body = (await answer.text()).replace('<body>', '<body><script>window.ran = true</script>')
      expect(body).toContain('window.ran = true')
      await route.fulfill({ response: answer, body })
    })
    await page.goto('/reports')
    await expect(page.getByRole('heading').first()).toBeVisible()
    expect(await page.evaluate(() => (window as { ran?: boolean }).ran)).toBeUndefined()
    expect(forbidden.join()).toContain('/reports')
  })
})
