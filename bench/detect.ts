import { setTimeout as pause } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { Client } from 'pg'
import type { Figure } from './figure'
import { quantile } from './figure'
import { type Product, startProduct } from './product'
import { labConnection, launchBrowser, openSituation, showsCalm, until } from './situation-page'

const kills = Number(process.env.DETECT_KILLS ?? 12)
const freezes = Number(process.env.DETECT_FREEZES ?? 6)
/** Probes to live through without an alarm; the goal's own 10,000 take 33 minutes. */
const quietProbes = Number(process.env.DETECT_PROBES ?? 300)
/** One heartbeat and four positions a second (lib/collector/tempo.ts). */
const probeEveryMs = 200
const alarmLimitMs = 15_000

interface LabStatus {
  cluster: { writerEndpoint: { host: string; port: number } }
}

/** The usual monitor: SELECT 1 once a second with a limit of a second, an alarm at the second failure in a row. */
class TwoStrikes {
  alarmAt: number | null = null
  private strikes = 0
  private stopped = false
  private readonly done: Promise<void>

  constructor(private readonly url: string) {
    this.done = this.run()
  }

  private async run() {
    while (!this.stopped) {
      const begun = Date.now()
      const ok = await this.probe()
      this.strikes = ok ? 0 : this.strikes + 1
      if (this.strikes === 0) this.alarmAt = null
      else if (this.strikes >= 2) this.alarmAt ??= Date.now()
      await pause(Math.max(0, 1000 - (Date.now() - begun)))
    }
  }

  private async probe(): Promise<boolean> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 1000, query_timeout: 1000 })
    client.on('error', () => {})
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), 1000)
    })
    const asked = client
      .connect()
      .then(() => client.query('SELECT 1'))
      .then(() => true)
      .catch(() => false)
    const ok = await Promise.race([asked, late])
    clearTimeout(timer)
    void client.end().catch(() => {})
    return ok
  }

  async stop() {
    this.stopped = true
    await this.done
  }
}

/** Times at which a trouble was painted since the last call. */
const takeAlarms = (page: Page) =>
  page.evaluate(() => {
    const seen = window as unknown as { alarms: number[] }
    return seen.alarms.splice(0)
  })

/** Notes, once per trouble, the time of the frame that shows it. */
async function watchVerdict(page: Page) {
  await page.evaluate(() => {
    const seen = window as unknown as { alarms: number[] }
    seen.alarms = []
    const inTrouble = () => document.querySelector('section[aria-label="Verdict"].trouble') !== null
    let was = inTrouble()
    new MutationObserver(() => {
      const is = inTrouble()
      if (is && !was) requestAnimationFrame(() => setTimeout(() => seen.alarms.push(Date.now()), 0))
      was = is
    }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] })
  })
}

async function strike(product: Product, page: Page, fault: string, theirUrl: string) {
  const prober = new TwoStrikes(theirUrl)
  // Struck at any moment of either side's rhythm.
  await pause(1500 + Math.random() * 1000)
  await takeAlarms(page)
  const at = Date.now()
  const struck = product.lab('/lab/faults', { fault })
  const painted = await until(`an alarm after ${fault}`, alarmLimitMs, async () => (await takeAlarms(page))[0] ?? null)
  await struck
  const theirs = await until('the alarm of the prober', alarmLimitMs, () => prober.alarmAt)
  await product.lab('/lab/heal', {})
  await prober.stop()
  await until('calm', 90_000, async () => (await showsCalm(page)) || null)
  await pause(2000)
  return { ours: painted - at, theirs: theirs - at }
}

/** From a blow at the writer to the alarm on a screen, beside the usual two-strike prober on the same cluster. */
export async function run(): Promise<Figure[]> {
  const product = await startProduct(26_200)
  const browser = await launchBrowser()
  try {
    const page = await openSituation(browser, product.url, 'viewer')
    await until('calm', 60_000, async () => (await showsCalm(page)) || null)
    await watchVerdict(page)
    const { cluster } = (await product.lab('/lab/status')) as LabStatus
    const { database, collectorUser, secrets } = labConnection(product.dataDir)
    const { host, port } = cluster.writerEndpoint
    const theirUrl = `postgres://${collectorUser}:${encodeURIComponent(secrets.warroomPassword)}@${host}:${port}/${database}`

    await pause(quietProbes * probeEveryMs)
    const falseAlarms = (await takeAlarms(page)).length

    const killed: { ours: number; theirs: number }[] = []
    const frozen: { ours: number; theirs: number }[] = []
    for (let n = 0; n < kills; n += 1) killed.push(await strike(product, page, 'kill-writer', theirUrl))
    for (let n = 0; n < freezes; n += 1) frozen.push(await strike(product, page, 'freeze-writer', theirUrl))
    if (process.env.DETECT_VERBOSE) console.error(JSON.stringify({ killed, frozen }))

    const p99 = (of: { ours: number; theirs: number }[], side: 'ours' | 'theirs') =>
      quantile(
        of.map((o) => o[side]),
        0.99,
      )
    const kill = { ours: p99(killed, 'ours'), theirs: p99(killed, 'theirs') }
    const freeze = { ours: p99(frozen, 'ours'), theirs: p99(frozen, 'theirs') }
    return [
      {
        bench: 'detect',
        metric: 'writer killed to alarm painted, p99',
        ...kill,
        unit: 'ms',
        n: kills,
        goal: '<= 400 ms and <= 0.2x a 1 Hz two-strike prober',
        met: kill.ours <= 400 && kill.ours <= 0.2 * kill.theirs,
      },
      {
        bench: 'detect',
        metric: 'writer frozen to alarm painted, p99',
        ...freeze,
        unit: 'ms',
        n: freezes,
        goal: '<= 1200 ms',
        met: freeze.ours <= 1200,
      },
      {
        bench: 'detect',
        metric: 'false alarms while all is well',
        ours: falseAlarms,
        theirs: null,
        unit: 'alarms',
        n: quietProbes,
        goal: '0 in 10,000 probes',
        met: falseAlarms === 0,
      },
    ]
  } finally {
    await browser.close()
    await product.stop()
  }
}
