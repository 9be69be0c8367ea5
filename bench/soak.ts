import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser, Page } from '@playwright/test'
import { declareIncident, startFailover } from '../e2e/product'
import { type Figure, quantile } from './figure'
import { cpuSeconds, type Product, residentMb, startProduct } from './product'
import { launchBrowser, openSituation, showsCalm, until } from './situation-page'
import { Visitor } from './visitor'

/*
 * Left on: people and walls watch for half an hour while the writer dies every few minutes and is recovered by the product
 * itself, with an incident declared and resolved each time. SOAK_MINUTES makes it shorter, with a failover a minute.
 */

const minutes = Number(process.env.SOAK_MINUTES ?? 30)
const everyMs = (minutes >= 30 ? 5 : 1) * 60_000
const [desks, walls] = [44, 5]
const sampleMs = 5000
/** Memory of the first and of the last part of the run are held against each other. */
const windowMs = Math.max(60_000, (minutes * 60_000) / 6)
const idleMs = 30_000

/** A desk: the live stream of the Situation page, read and thrown away. Returns how to leave. */
function watch(url: string, cookie: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const request = get(
      `${url}/api/live`,
      { headers: { cookie, accept: 'text/event-stream' }, agent: false },
      (live) => {
        if (live.statusCode !== 200) return reject(new Error(`a viewer was answered ${live.statusCode}`))
        live.resume()
        live.on('error', () => {})
        resolve(() => live.destroy())
      },
    )
    request.on('error', reject)
  })
}

/** A wall: asks each second, and for the chart every five. Returns how to leave. */
function hang(url: string, cookie: string): () => void {
  let turn = 0
  const ask = async (path: string) => {
    const answer = await fetch(`${url}${path}`, { headers: { cookie } })
    await answer.arrayBuffer()
  }
  const timer = setInterval(() => {
    void ask('/api/wall').catch(() => {})
    if (turn++ % 5 === 0) void ask('/api/wall/history').catch(() => {})
  }, 1000)
  return () => clearInterval(timer)
}

/** The writer dies; it is declared, failed over by P1 with its second person, resolved, and the lab is made whole again. */
async function recover(product: Product, responder: Page, approver: Page): Promise<void> {
  await responder.goto(product.url)
  await until('calm', 120_000, async () => (await showsCalm(responder)) || null)
  await product.lab('/lab/faults', { fault: 'kill-writer' })
  await responder.locator('section[aria-label="Verdict"]', { hasText: 'CONFIRMED' }).waitFor({ timeout: 60_000 })
  await declareIncident(responder)
  const incident = responder.url()
  await responder.goto(`${product.url}/procedures/primary-failover`)
  await startFailover(responder)
  await approver.goto(responder.url())
  const card = approver.getByRole('region', { name: /Fail over to/ })
  await card.waitFor({ timeout: 60_000 })
  const target = await card
    .getByText(/^castmatch-/)
    .last()
    .textContent()
  await card.getByLabel(/Type the name of the target/).fill(target ?? '')
  await card.getByRole('button', { name: /^Approve/ }).click()
  await responder.locator('[data-run-state="done"]').waitFor({ timeout: 180_000 })
  await responder.goto(incident)
  const status = responder.getByRole('region', { name: 'Status' })
  for (const move of ['Move to mitigating', 'Move to monitoring', 'Resolve'])
    await status.getByRole('button', { name: move, exact: true }).click()
  // Items that do not hold yet ask for a reason; when all hold the incident is over at once.
  const why = status.getByLabel(/checks have passed/)
  const over = status.getByRole('button', { name: 'Reopen' })
  await why.or(over).first().waitFor()
  if (await why.isVisible()) {
    await why.fill('A soak does not wait for what has no usual times yet.')
    await status.getByRole('button', { name: 'Resolve anyway' }).click()
  }
  await over.waitFor()
  await product.lab('/lab/heal', {})
}

/** A wall in a browser, and what its page holds after its garbage was taken away, MB. */
async function hangInBrowser(browser: Browser, url: string, cookie: string) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, extraHTTPHeaders: { cookie } })
  const page = await context.newPage()
  await page.goto(`${url}/wall`)
  await page.locator('.wall-corner').waitFor()
  const devtools = await context.newCDPSession(page)
  await devtools.send('Performance.enable')
  return async () => {
    await devtools.send('HeapProfiler.collectGarbage')
    const { metrics } = await devtools.send('Performance.getMetrics')
    const used = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN
    return used / 1024 / 1024
  }
}

export async function run(): Promise<Figure[]> {
  const product = await startProduct(Number(process.env.PORT ?? 26_300))
  const browser = await launchBrowser()
  const leave: (() => void)[] = []
  try {
    const { cookie } = await new Visitor(product.url).signIn('viewer')
    const responder = await openSituation(browser, product.url, 'commander')
    const approver = await openSituation(browser, product.url, 'approver')
    const heapMb = await hangInBrowser(browser, product.url, cookie)
    for (let i = 0; i < desks; i++) leave.push(await watch(product.url, cookie))
    for (let i = 0; i < walls; i++) leave.push(hang(product.url, cookie))

    // Code is compiled and pools are filled by what happens for the first time; that is no drift.
    await recover(product, responder, approver)

    const pids = { web: product.pids.web ?? 0, runner: product.pids.runner ?? 0 }
    const samples: { at: number; web: number; runner: number }[] = []
    const sampler = setInterval(
      () => samples.push({ at: Date.now(), web: residentMb(pids.web), runner: residentMb(pids.runner) }),
      sampleMs,
    )
    leave.push(() => clearInterval(sampler))
    const from = Date.now()
    const heapBefore = await heapMb()
    let failovers = 0
    while (Date.now() - from < minutes * 60_000) {
      const next = Date.now() + everyMs
      await recover(product, responder, approver)
      failovers++
      await pause(Math.max(0, Math.min(next, from + minutes * 60_000) - Date.now()))
    }
    const to = Date.now()
    const heapAfter = await heapMb()
    for (const one of leave.splice(0)) one()
    await browser.close()

    await pause(5000)
    const used = () => cpuSeconds(pids.web) + cpuSeconds(pids.runner)
    const cpu = used()
    await pause(idleMs)
    const idle = (100 * (used() - cpu)) / (idleMs / 1000)

    const drift = (metric: string, before: number, after: number): Figure => ({
      bench: 'soak',
      metric: `${metric}, drift over ${minutes} min and ${failovers} failovers`,
      ours: Number((100 * (after / before - 1)).toFixed(2)),
      theirs: null,
      unit: '%',
      n: samples.length,
      goal: '<= 5 %',
      met: after <= 1.05 * before,
    })
    const resident = (process: 'web' | 'runner') => {
      const median = (part: typeof samples) =>
        quantile(
          part.map((sample) => sample[process]),
          0.5,
        )
      const [before, after] = [
        median(samples.filter(({ at }) => at - from < windowMs)),
        median(samples.filter(({ at }) => to - at < windowMs)),
      ]
      return drift(`resident memory of the ${process}, ${before.toFixed(0)} -> ${after.toFixed(0)} MB`, before, after)
    }
    return [
      resident('web'),
      resident('runner'),
      // Small and young: it fills its fifteen minutes of lag and compiles what it draws for the first time.
      {
        bench: 'soak',
        metric: `heap of a wall in a browser, ${heapBefore.toFixed(1)} -> ${heapAfter.toFixed(1)} MB, grown`,
        ours: Number((heapAfter - heapBefore).toFixed(2)),
        theirs: null,
        unit: 'MB',
        n: 2,
        goal: '<= 1 MB',
        met: heapAfter - heapBefore <= 1,
      },
      {
        bench: 'soak',
        metric: 'web and runner with nobody looking, share of a core',
        ours: Number(idle.toFixed(2)),
        theirs: null,
        unit: '%',
        n: 1,
        goal: '<= 5 %',
        met: idle <= 5,
      },
    ]
  } finally {
    for (const one of leave) one()
    await browser.close()
    await product.stop()
  }
}
