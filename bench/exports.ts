import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { localSecrets } from '../bin/starting/secrets'
import { portsFrom } from '../lab/ports'
import { declare } from '../lib/commands/incident/declare'
import { signedIn } from '../lib/commands/testing/signed-in'
import { createStore } from '../lib/store/client'
import type { Figure } from './figure'
import { residentMb, startProduct } from './product'
import { Visitor } from './visitor'

const entries = 100_000
const atOnce = 20
/** What all of them together may add to the web, MB. */
const limitMb = 120
const roles = ['viewer', 'responder', 'approver', 'commander'] as const

/**
 * Twenty exports of an incident with 100,000 entries at once, as JSON and on paper, by people who each ask as often as they
 * may: the most memory that the web took, against what holding all of them would take, and how many browsers printed at once.
 */
export async function run(): Promise<Figure[]> {
  const port = Number(process.env.PORT ?? 26_800)
  const product = await startProduct(port)
  try {
    const number = await fill(product.dataDir, port)
    const people = await Promise.all(roles.map((role) => new Visitor(product.url).signIn(role)))
    const pid = product.pids.web ?? 0
    const asked = (format: string) =>
      Array.from({ length: atOnce }, async (_, i) => {
        const response = await people[i % people.length]?.fetch(`/api/export/${number}?format=${format}`)
        let bytes = 0
        for await (const piece of response?.body ?? []) bytes += (piece as Uint8Array).length
        return { status: response?.status ?? 0, bytes }
      })
    const before = residentMb(pid)
    forgetMost(pid)
    const json = await Promise.all(asked('json'))
    const good = json.filter(({ status }) => status === 200)
    const most = mostMb(pid)
    const heldMb = good.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6

    let browsers = 0
    const watch = setInterval(() => {
      browsers = Math.max(browsers, browsersOf(pid))
    }, 20)
    forgetMost(pid)
    const pdf = await Promise.all(asked('pdf'))
    clearInterval(watch)
    const printed = pdf.filter(({ status }) => status === 200).length
    const refused = pdf.filter(({ status }) => status === 503 || status === 429).length
    const mostPrinting = mostMb(pid)
    return [
      {
        bench: 'exports',
        metric: `memory of the web above its ${before.toFixed(0)} MB while ${good.length} exports of ${entries} entries were made and read at once`,
        ours: most - before,
        theirs: heldMb,
        unit: 'MB',
        n: good.length,
        goal: `<= ${limitMb}, all ${atOnce} answered`,
        met: most - before <= limitMb && good.length === atOnce,
      },
      {
        bench: 'exports',
        metric: `the same while ${printed} of ${atOnce} PDFs were printed and ${refused} were told to wait`,
        ours: mostPrinting - before,
        theirs: null,
        unit: 'MB',
        n: atOnce,
        goal: `<= ${limitMb}, each printed or told when to try again`,
        met: mostPrinting - before <= limitMb && printed > 0 && printed + refused === atOnce,
      },
      {
        bench: 'exports',
        metric: 'browsers that printed at once',
        ours: browsers,
        theirs: atOnce,
        unit: 'browsers',
        n: atOnce,
        goal: '1',
        met: browsers === 1,
      },
    ]
  } finally {
    await product.stop()
  }
}

/** An incident with so many entries, through the record itself, hash by hash. */
async function fill(dataDir: string, port: number): Promise<number> {
  const { storeAdminPassword } = localSecrets(dataDir)
  const store = createStore(
    `postgresql://warroom_owner:${storeAdminPassword}@127.0.0.1:${portsFrom(port).store}/warroom`,
  )
  try {
    const commander = await signedIn(
      { web: store, owner: store },
      { login: 'bench', role: 'commander' },
      { name: 'lab', kind: 'lab' },
    )
    const { number } = await declare(commander, {
      title: 'A long incident',
      kind: 'real',
      severity: 'SEV2',
      scenario: 'S1',
      symptoms: [],
      impactStartedAt: Date.now(),
      commanderId: null,
    })
    const text = 'What was seen and done, at the length that such entries have. '.repeat(6)
    // Small transactions: within one, each entry walks past all earlier versions of the record's head.
    for (let done = 0; done < entries; done += 500)
      await store.pool.query(
        `SELECT count(record_append(json_build_object('kind', CASE WHEN i % 50 = 0 THEN 'incident.note' ELSE 'step.begin' END,
           'actor', json_build_object('kind', 'runner', 'name', 'bench', 'epoch', 1), 'text', $4 || i,
           'incidentId', $1::text, 'evidence', NULL)::text)) FROM generate_series($2::int, $3::int) i`,
        [String(number), done + 1, done + 500, text],
      )
    return number
  } finally {
    await store.close()
  }
}

/** The most memory a process has had since `forgetMost`, MB, from the kernel. */
function mostMb(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+) kB/)
  return Number(line?.[1] ?? Number.NaN) / 1024
}

function forgetMost(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Browsers that a process has started itself, without the helpers that they start. */
function browsersOf(pid: number): number {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      return parent === pid && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('--remote-debugging-pipe')
    } catch {
      return false
    }
  }).length
}
