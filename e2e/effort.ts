import type { Page } from '@playwright/test'

/** What a person has done with their hands: clicks or taps, and keys that are no text. */
export interface Effort {
  clicks: number
  keys: number
}

/** Counts from now on, across pages and reloads, what this person's mouse, finger and keyboard do. */
export async function countEffort(page: Page): Promise<() => Promise<Effort>> {
  const count = { clicks: 0, keys: 0 }
  await page.exposeFunction('countEffort', (kind: keyof Effort) => {
    count[kind] += 1
  })
  const listen = () => {
    const counted = (window as unknown as { countEffort(kind: keyof Effort): void }).countEffort
    // A click that a key made, or a script, is none of the mouse.
    addEventListener('click', (event) => event.isTrusted && event.detail > 0 && counted('clicks'), true)
    addEventListener('keydown', (event) => event.isTrusted && event.key.length > 1 && counted('keys'), true)
  }
  await page.addInitScript(listen)
  await page.evaluate(listen)
  return async () => ({ ...count })
}
