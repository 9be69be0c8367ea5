import { type BrowserContext, test as base, expect, type TestInfo } from '@playwright/test'

interface Watched {
  leaving: undefined
  /** What pages did that their content security policy forbids, as the browser says it in its console. */
  forbidden: string[]
}

/** What a page says of the matter in hand, in a line; null for one that says nothing or has gone. */
const saying = async (context: BrowserContext): Promise<string[]> =>
  (
    await Promise.all(
      context.pages().map(async (page) => {
        const said = await page
          .locator('.run-sentence, [role="alert"], [aria-label="Verdict"]')
          .allInnerTexts()
          .catch(() => [])
        const words = said.map((one) => one.replace(/\s+/g, ' ').trim()).filter((one) => one !== '')
        return words.length === 0 ? [] : [`${new URL(page.url()).pathname}: ${words.join(' / ')}`]
      }),
    )
  ).flat()

/** A test that fails on another machine says in its first lines where its pages stood: nobody sees its pictures. */
async function tellWhereItStood(contexts: BrowserContext[], info: TestInfo): Promise<void> {
  const [error] = info.errors
  if (!error) return
  const stood = (await Promise.all(contexts.map(saying))).flat().map((line) => line.slice(0, 400))
  error.message = [...new Set(stood), error.message].join('\n')
}

/**
 * A test whose people all leave when it ends: a page that stays open goes on drawing, and slows every test after it. And no
 * page of it did anything that its content security policy forbids, unless the test is about that.
 */
export const test = base.extend<Watched & { breaksPolicy: boolean }>({
  breaksPolicy: [false, { option: true }],
  forbidden: [
    async ({ browser, breaksPolicy }, use) => {
      const forbidden: string[] = []
      const newContext = browser.newContext.bind(browser)
      browser.newContext = async (options) => {
        const context = await newContext(options)
        context.on('console', (message) => {
          if (/content security policy/i.test(message.text()))
            forbidden.push(`${message.page()?.url()}: ${message.text()}`)
        })
        return context
      }
      await use(forbidden)
      browser.newContext = newContext
      if (!breaksPolicy) expect(forbidden).toEqual([])
    },
    { auto: true },
  ],
  leaving: [
    async ({ browser }, use, info) => {
      await use(undefined)
      await tellWhereItStood(browser.contexts(), info)
      for (const context of browser.contexts()) await context.close()
    },
    { auto: true },
  ],
})
