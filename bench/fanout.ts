import { get, type IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Figure } from './figure'
import { quantile } from './figure'
import { cpuSeconds, residentMb, startProduct } from './product'
import { Visitor } from './visitor'

const viewers = 1000
const seconds = 30

interface Viewer {
  response: IncomingMessage
  ids: string[]
  lateMs: number[]
}

/** Opens one viewer's stream and notes how late each snapshot arrives after the collector took it. */
function watch(url: string, cookie: string, lastEventId?: string): Promise<Viewer> {
  return new Promise((resolve, reject) => {
    const headers = { cookie, accept: 'text/event-stream', ...(lastEventId ? { 'last-event-id': lastEventId } : {}) }
    const request = get(`${url}/api/live`, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`a viewer was answered ${response.statusCode}`))
      const viewer: Viewer = { response, ids: [], lateMs: [] }
      let rest = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const now = Date.now()
        rest += chunk
        const blocks = rest.split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const id = block.match(/^id: (.+)$/m)?.[1]
          if (id) viewer.ids.push(id)
          const taken = block.startsWith('event: snapshot') ? block.match(/"takenAt":(\d+)/)?.[1] : undefined
          if (taken) viewer.lateMs.push(now - Number(taken))
        }
      })
      resolve(viewer)
    })
    request.on('error', reject)
  })
}

/** A thousand viewers on one web process, fed by the live collector; then one leaves and returns. */
export async function run(): Promise<Figure[]> {
  const product = await startProduct(24_100)
  try {
    const { cookie } = await new Visitor(product.url).signIn('viewer')
    const web = product.pids.web ?? 0
    const alone = residentMb(web)
    const crowd: Viewer[] = []
    for (let n = 0; n < viewers; n += 50)
      crowd.push(...(await Promise.all(Array.from({ length: 50 }, () => watch(product.url, cookie)))))
    await pause(3000)
    for (const viewer of crowd) viewer.lateMs.length = 0
    const cpu = cpuSeconds(web)
    await pause(seconds * 1000)
    const used = cpuSeconds(web) - cpu
    const crowded = residentMb(web)
    const late = crowd.flatMap((v) => v.lateMs)

    const leaver = crowd[0]
    const witness = crowd[1]
    if (!leaver || !witness) throw new Error('no viewers')
    leaver.response.destroy()
    const lastSeen = leaver.ids.at(-1)
    await pause(3000)
    const returned = await watch(product.url, cookie, lastSeen)
    await pause(1500)
    const missed = witness.ids.slice(witness.ids.indexOf(lastSeen ?? '') + 1)
    const gaps = missed.filter((id) => !returned.ids.includes(id)).length
    for (const viewer of [...crowd, returned]) viewer.response.destroy()

    const figure = (metric: string, ours: number, unit: string, n: number, limit: number): Figure => ({
      bench: 'fanout',
      metric,
      ours: Number(ours.toFixed(2)),
      theirs: null,
      unit,
      n,
      goal: `<= ${limit} ${unit}`,
      met: ours <= limit,
    })
    return [
      figure('sample to viewer, p99', quantile(late, 0.99), 'ms', late.length, 100),
      figure('web process, share of a core', (100 * used) / seconds, '%', seconds, 10),
      figure('memory a viewer', ((crowded - alone) * 1024) / viewers, 'KB', viewers, 120),
      figure('events missing after a return', gaps, 'events', missed.length, 0),
    ]
  } finally {
    await product.stop()
  }
}
