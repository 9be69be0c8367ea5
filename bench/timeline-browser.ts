import type { Page } from '@playwright/test'
import { localSecrets } from '../bin/starting/secrets'
import { declareIncident } from '../e2e/product'
import { portsFrom } from '../lab/ports'
import { createStore } from '../lib/store/client'
import { runnerRole } from '../lib/store/grants'
import { roleUrl } from '../lib/store/prepare'
import { type Figure, quantile } from './figure'
import { startProduct } from './product'
import { launchBrowser, openSituation } from './situation-page'

const entries = 100_000
const jumps = 60

/**
 * An incident of 100,000 entries in a real browser: rows in the document while it is scrolled and jumped through, and the
 * time from moving the rail to rows of that time on screen. Theirs is the same page fetched and read, drawn by nobody.
 */
export async function runInBrowser(): Promise<Figure[]> {
  const port = Number(process.env.PORT ?? 26_800)
  const product = await startProduct(port)
  const browser = await launchBrowser()
  try {
    const page = await openSituation(browser, product.url, 'commander')
    const address = await declareIncident(page)
    const filled = await fill(product.dataDir, port, address.split('/').at(-1) ?? '')
    await page.reload()
    await page.getByRole('radio', { name: /Everything/ }).click()
    await page.locator('.timeline-rail').waitFor()
    const { ours, most } = await jumpAbout(page, address, filled)
    const theirs = await fetchAbout(page, address, filled)
    return [
      {
        bench: 'timeline',
        metric: 'jump anywhere in 100,000 entries, rail moved -> rows painted, p99',
        ours: quantile(ours, 0.99),
        theirs: quantile(theirs, 0.99),
        unit: 'ms',
        n: ours.length,
        goal: '<= 100',
        met: quantile(ours, 0.99) <= 100,
      },
      {
        bench: 'timeline',
        metric: 'most rows in the document',
        ours: most,
        theirs: entries,
        unit: 'rows',
        n: jumps,
        goal: '<= 100',
        met: most <= 100,
      },
    ]
  } finally {
    await browser.close()
    await product.stop()
  }
}

interface Span {
  from: number
  to: number
}

/** Entries through the record itself, hash by hash; answers the time that it took, which they are spread over. */
export async function fill(dataDir: string, port: number, number: string): Promise<Span> {
  const from = Date.now()
  const { storeRunnerPassword } = localSecrets(dataDir)
  const store = createStore(
    roleUrl(`postgresql://127.0.0.1:${portsFrom(port).store}/warroom`, runnerRole, storeRunnerPassword),
  )
  try {
    // Small transactions: within one, each entry walks past all earlier versions of the record's head.
    for (let done = 0; done < entries; done += 500)
      await store.pool.query(
        `SELECT count(record_append(json_build_object('kind', CASE WHEN i % 50 = 0 THEN 'incident.note' ELSE 'step.begin' END,
           'actor', json_build_object('kind', 'runner', 'name', 'bench', 'epoch', 1), 'text', 'entry ' || i,
           'incidentId', $1::text, 'evidence', NULL)::text)) FROM generate_series($2::int, $3::int) i`,
        [number, done + 1, done + 500],
      )
    return { from, to: Date.now() }
  } finally {
    await store.close()
  }
}

/** Moves the rail as a hand does and waits for a painted frame in which the first visible row is of another place. */
async function jumpAbout(page: Page, address: string, filled: Span): Promise<{ ours: number[]; most: number }> {
  return page.evaluate(
    async ({ times, path, from, to }) => {
      const rail = document.querySelector<HTMLInputElement>('.timeline-rail')
      if (!rail) throw new Error('There is no rail to move')
      // Rows of another place come in a window of their own.
      const box = () => document.querySelector<HTMLElement>('section.timeline-rows') ?? document.body
      const frame = () => new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())))
      const rows = () => box().querySelectorAll('.entry-place').length
      const shown = () => {
        const top = box().getBoundingClientRect().top
        const row = [...box().querySelectorAll('.entry-place')].find((r) => r.getBoundingClientRect().bottom > top + 1)
        return row?.querySelector('.entry-text')?.textContent ?? ''
      }
      const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set
      const incident = (await (await fetch(`/api${path}`)).json()) as { impactStartedAt: number; declaredAt: number }
      const since = Math.min(incident.impactStartedAt, incident.declaredAt)
      const ours: number[] = []
      let most = 0
      for (let i = 0; i < times; i++) {
        const before = shown()
        const begun = performance.now()
        const at = from + (0.05 + (0.9 * ((i * 379) % 960)) / 960) * (to - from)
        set?.call(rail, String(Math.round((1000 * (Date.now() - at)) / (Date.now() - since))))
        rail.dispatchEvent(new Event('input', { bubbles: true }))
        for (;;) {
          const painted = await frame()
          most = Math.max(most, rows())
          if (shown() !== before && shown() !== '') {
            // The frame after the one in which the rows stand is the one that shows them.
            ours.push((await frame()) - begun)
            break
          }
          if (painted - begun > 5000) throw new Error('The jump did not arrive within 5 s')
        }
        // What scrolling draws counts too.
        for (let s = 0; s < 5; s++) {
          box().scrollBy({ top: 900 })
          await frame()
          most = Math.max(most, rows())
        }
        await new Promise((resolve) => setTimeout(resolve, 150))
      }
      return { ours, most }
    },
    { times: jumps, path: address, ...filled },
  )
}

async function fetchAbout(page: Page, address: string, filled: Span): Promise<number[]> {
  return page.evaluate(
    async ({ path, times, from, to }) => {
      const spent: number[] = []
      for (let i = 0; i < times; i++) {
        const begun = performance.now()
        const at = Math.round(from + (0.05 + (0.9 * ((i * 379) % 960)) / 960) * (to - from))
        const answer = await fetch(`/api${path}/timeline?scope=everything&limit=100&at=${at}`)
        await answer.json()
        spent.push(performance.now() - begun)
      }
      return spent
    },
    { path: address, times: jumps, ...filled },
  )
}
