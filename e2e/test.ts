import { test as base } from '@playwright/test'

/** A test whose people all leave when it ends: a page that stays open goes on drawing, and slows every test after it. */
export const test = base.extend<{ leaving: undefined }>({
  leaving: [
    async ({ browser }, use) => {
      await use(undefined)
      for (const context of browser.contexts()) await context.close()
    },
    { auto: true },
  ],
})
