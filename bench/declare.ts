import { type Figure, quantile } from './figure'
import { startProduct } from './product'
import { launchBrowser, openSituation } from './situation-page'

const declarations = 12

/**
 * From the click on "Declare" in one browser to the incident's number on the wall in another. Theirs is the same click to
 * the incident's own page in the browser that declared.
 */
export async function run(): Promise<Figure[]> {
  const product = await startProduct(Number(process.env.PORT ?? 26_900))
  const browser = await launchBrowser()
  try {
    const page = await openSituation(browser, product.url, 'commander')
    const wall = await (await browser.newContext({ viewport: { width: 1920, height: 1080 } })).newPage()
    await wall.goto(`${product.url}/sign-in`)
    await wall.getByRole('button', { name: /, viewer/ }).click()
    await wall.locator('section.verdict').first().waitFor()
    await wall.goto(`${product.url}/wall`)
    await wall.locator('.wall-canvas').waitFor()
    const ours: number[] = []
    const theirs: number[] = []
    let highest = 0
    for (let i = 1; i <= declarations; i++) {
      await page.goto(`${product.url}/incidents`)
      await page.getByRole('button', { name: 'Declare incident' }).click()
      const declare = page.getByRole('dialog').getByRole('button', { name: /^Declare/ })
      await declare.waitFor()
      // Clicks fall anywhere in the wall's half second.
      await page.waitForTimeout(200 + ((i * 137) % 1000))
      const begun = performance.now()
      // Numbers may have gaps: the wall has it when it shows a higher one.
      const shown = wall
        .waitForFunction(
          (last) => {
            const number = Number(/INC-(\d+)/.exec(document.querySelector('.wall-canvas')?.textContent ?? '')?.[1] ?? 0)
            return number > last ? number : null
          },
          highest,
          { polling: 'raf', timeout: 20_000 },
        )
        .then(async (number) => {
          ours.push(performance.now() - begun)
          highest = (await number.jsonValue()) ?? highest
        })
      const opened = page
        .waitForURL(/\/incidents\/\d+$/)
        .then(() => page.locator('.incident-title').waitFor())
        .then(() => theirs.push(performance.now() - begun))
      await declare.click()
      await Promise.all([shown, opened])
      // The wall shows the gravest of the open ones first: each ends before the next begins.
      const status = page.getByRole('region', { name: 'Status' })
      await status.getByRole('button', { name: 'Resolve' }).click()
      await status.getByLabel(/checks have passed/).fill('Declared to be measured.')
      await status.getByRole('button', { name: 'Resolve anyway' }).click()
      await wall.locator('.name', { hasText: `INC-${highest}` }).waitFor({ state: 'hidden' })
    }
    return [
      {
        bench: 'declare',
        metric: 'click on Declare -> on the wall, p95',
        ours: quantile(ours, 0.95),
        theirs: quantile(theirs, 0.95),
        unit: 'ms',
        n: ours.length,
        goal: '<= 1000',
        met: quantile(ours, 0.95) <= 1000,
      },
    ]
  } finally {
    await browser.close()
    await product.stop()
  }
}
