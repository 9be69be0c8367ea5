import { join, resolve } from 'node:path'
import { createLab } from '../lab/lab'
import { portsFrom } from '../lab/ports'
import { registerRooms } from '../lab/rooms'
import { endWithParent } from './starting/process'

/** How long an orderly end may take before the servers' guard ends what is left. */
const patienceMs = 2800

const webPort = Number(process.env.PORT ?? 3000)
const speedup = Number(process.env.LAB_SPEEDUP ?? 30)
const problems = [
  Number.isInteger(webPort) && webPort > 0 && webPort < 32_700 ? null : 'PORT must be a number below 32700',
  speedup >= 1 ? null : 'LAB_SPEEDUP must be a number of 1 or more',
].filter((problem) => problem !== null)
if (problems.length) {
  console.error(`The lab did not start: ${problems.join('; ')}.`)
  process.exit(1)
}
const dataDir = join(resolve(process.env.WARROOM_DATA ?? '.data'), 'lab')
const { lab: ports } = portsFrom(webPort)

const begun = Date.now()
let stopping: Promise<void> | null = null
const lab = createLab({ dataDir, ports, speedup })
registerRooms(lab, `http://127.0.0.1:${webPort}/api/alerts`)

function stop(code: number): void {
  stopping ??= (async () => {
    const timer = setTimeout(() => process.exit(code), patienceMs)
    await lab.stop().catch((error: unknown) => console.error('The lab did not stop cleanly:', error))
    clearTimeout(timer)
    process.exit(code)
  })()
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0))
endWithParent()

try {
  await lab.start()
  console.log(
    JSON.stringify({
      ready: true,
      url: `http://127.0.0.1:${ports.http}`,
      dataDir,
      ms: Date.now() - begun,
    }),
  )
} catch (error) {
  // A stop in the middle of the start makes the start fail; that is no news.
  if (!stopping) {
    console.error(`The lab did not start: ${error instanceof Error ? error.message : String(error)}`)
    stop(1)
  }
}
