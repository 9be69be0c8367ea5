import type { Browser, Page } from '@playwright/test'
import { declareIncident } from '../e2e/product'
import { type Figure, quantile } from './figure'
import { startProduct } from './product'
import { launchBrowser, openSituation } from './situation-page'
import { fill } from './timeline-browser'

const opened = Number(process.env.OPENED ?? 20)

/**
 * Cold open of the pages that people open in an emergency: each time a browser context of its own, with nothing in its cache. Ours
 * is the largest paint; theirs is when the same answer's HTML was there. And how many of the words of the page need scripts.
 */
export async function run(): Promise<Figure[]> {
  const port = Number(process.env.PORT ?? 27_200)
  const product = await startProduct(port)
  const browser = await launchBrowser()
  try {
    const page = await openSituation(browser, product.url, 'commander')
    const incident = await declareIncident(page)
    const run = await dryRun(page, product.url)
    await fill(product.dataDir, port, incident.split('/').at(-1) ?? '')
    const storage = await page.context().storageState()
    await page.context().close()
    const pages = [
      ['Situation', '/'],
      ['an incident of 100,000 entries', incident],
      ['a run', run],
      ['the wall', '/wall'],
    ] as const
    const figures: Figure[] = []
    for (const [name, path] of pages) figures.push(...(await paintOf(browser, storage, product.url + path, name)))
    return figures
  } finally {
    await browser.close()
    await product.stop()
  }
}

/** A run that waits for a person, so that it is under way while it is looked at. */
async function dryRun(page: Page, url: string): Promise<string> {
  await page.goto(`${url}/procedures/primary-failover`)
  await page.getByRole('radio', { name: 'Drill', exact: true }).click()
  await page.getByLabel('Reason (required)').fill('A drill that is looked at.')
  await page.getByRole('button', { name: /as a drill/ }).click()
  await page.waitForURL(/\/runs\//)
  return new URL(page.url()).pathname
}

type Storage = Awaited<ReturnType<ReturnType<Page['context']>['storageState']>>

async function paintOf(browser: Browser, storageState: Storage, url: string, name: string): Promise<Figure[]> {
  const painted: number[] = []
  const received: number[] = []
  const words: number[] = []
  for (let i = 0; i < opened; i++) {
    const context = await browser.newContext({ storageState, viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    await page.goto(url, { waitUntil: 'load' })
    const { lcp, html } = await page.evaluate(
      () =>
        new Promise<{ lcp: number; html: number }>((resolve) => {
          let lcp = 0
          new PerformanceObserver((list) => {
            lcp = list.getEntries().at(-1)?.startTime ?? lcp
          }).observe({ type: 'largest-contentful-paint', buffered: true })
          const [way] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
          // What paints larger after the page is there counts too.
          setTimeout(() => resolve({ lcp, html: way?.responseEnd ?? 0 }), 1500)
        }),
    )
    painted.push(lcp)
    received.push(html)
    words.push(await wordsIn(page))
    await context.close()
  }
  const still = await (await browser.newContext({ storageState, javaScriptEnabled: false })).newPage()
  await still.goto(url)
  const without = await wordsIn(still)
  await still.context().close()
  const p95 = quantile(painted, 0.95)
  const of = quantile(words, 0.5)
  return [
    {
      bench: 'paint',
      metric: `cold open of ${name}, largest paint, p95`,
      ours: Math.round(p95),
      theirs: Math.round(quantile(received, 0.95)),
      unit: 'ms',
      n: painted.length,
      goal: '<= 500',
      met: p95 <= 500,
    },
    {
      bench: 'paint',
      metric: `words of ${name} in its first HTML`,
      ours: without,
      theirs: of,
      unit: 'words',
      n: 1,
      goal: '>= 0.9x the page with scripts',
      met: without >= 0.9 * of,
    },
  ]
}

const wordsIn = async (page: Page): Promise<number> =>
  // biome-ignore lint/performance/useDomNodeTextContent: what is not drawn is no word that a person reads
  ((await page.locator('main').innerText()).match(/[\p{L}\p{N}][\p{L}\p{N}.:-]*/gu) ?? []).length
