import type { Figure } from './figure'
import { quantile } from './figure'
import { startProduct } from './product'
import { launchBrowser, openSituation, showsCalm, until } from './situation-page'

const seconds = Number(process.env.FRESHNESS_SECONDS ?? 60)

/**
 * How old what is seen is at the moment it is painted: from the end of the writer's own answer (and, apart, from the
 * assembling of the picture) to the frame that holds the picture. One machine, so one clock.
 */
export async function run(): Promise<Figure[]> {
  const product = await startProduct(26_400)
  const browser = await launchBrowser()
  try {
    const page = await openSituation(browser, product.url, 'viewer')
    await until('calm', 60_000, async () => (await showsCalm(page)) || null)
    const painted = await page.evaluate(async (forMs) => {
      const seen: { sampledAt: number; takenAt: number; paintedAt: number }[] = []
      const root = document.querySelector('.situation[data-seq]')
      if (!(root instanceof HTMLElement)) throw new Error('the page does not say which picture it shows')
      const observer = new MutationObserver(() => {
        const takenAt = Number(root.dataset.takenAt)
        const sampledAt = Number(root.dataset.sampledAt)
        // The frame after this one's callbacks is on the screen.
        requestAnimationFrame(() => setTimeout(() => seen.push({ sampledAt, takenAt, paintedAt: Date.now() }), 0))
      })
      observer.observe(root, { attributes: true, attributeFilter: ['data-seq'] })
      await new Promise((resolve) => setTimeout(resolve, forMs))
      observer.disconnect()
      return seen
    }, seconds * 1000)
    const figure = (metric: string, late: number[]): Figure => {
      const ours = quantile(late, 0.95)
      return {
        bench: 'freshness',
        metric,
        ours,
        theirs: null,
        unit: 'ms',
        n: late.length,
        goal: '<= 250 ms',
        met: ours <= 250,
      }
    }
    return [
      figure(
        'sample of PostgreSQL to painted, p95',
        painted.map((p) => p.paintedAt - p.sampledAt),
      ),
      figure(
        'picture taken to painted, p95',
        painted.map((p) => p.paintedAt - p.takenAt),
      ),
    ]
  } finally {
    await browser.close()
    await product.stop()
  }
}
