import { test as base, expect } from '@playwright/test'

/**
 * A test whose people all leave when it ends: a page that stays open goes on drawing, and slows every test after it. And no
 * page of it did anything that its content security policy forbids: the browser would have said so in its console.
 */
export const test = base.extend<{ leaving: undefined; withinPolicy: undefined }>({
  withinPolicy: [
    async ({ browser }, use) => {
      const broken: string[] = []
      const newContext = browser.newContext.bind(browser)
      browser.newContext = async (options) => {
        const context = await newContext(options)
        context.on('console', (message) => {
          if (/content security policy/i.test(message.text()))
            broken.push(`${message.page()?.url()}: ${message.text()}`)
        })
        return context
      }
      await use(undefined)
      browser.newContext = newContext
      expect(broken).toEqual([])
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
