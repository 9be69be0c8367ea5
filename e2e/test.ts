import { test as base, expect } from '@playwright/test'

interface Watched {
  leaving: undefined
  /** What pages did that their content security policy forbids, as the browser says it in its console. */
  forbidden: string[]
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
    async ({ browser }, use) => {
      await use(undefined)
      for (const context of browser.contexts()) await context.close()
    },
    { auto: true },
  ],
})
