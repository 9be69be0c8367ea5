import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lab, LabShape } from './contract'
import { createLab } from './lab'
import { portsFrom } from './ports'

export interface TestLab {
  lab: Lab
  url: string
  /** Stops the lab and removes its files. */
  end(): Promise<void>
}

/** A lab of a test's own, in a fresh directory and on free ports. `register` adds rooms before it starts. */
export async function startTestLab(
  options: {
    basePort?: number
    speedup?: number
    register?: (lab: Lab) => void
    dataDir?: string
    shape?: LabShape
  } = {},
): Promise<TestLab> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'wr-lab-'))
  const ports = portsFrom(await freeBase(options.basePort ?? 21_000)).lab
  const lab = createLab({ dataDir, ports, speedup: options.speedup, shape: options.shape })
  options.register?.(lab)
  await lab.start()
  return {
    lab,
    url: `http://127.0.0.1:${ports.http}`,
    async end() {
      await lab.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Test files that run at once look for ports in ranges apart: what is free is not yet taken while a lab starts. */
const workerOffset = 2_500 * (Number(process.env.VITEST_POOL_ID ?? 1) - 1)

/** Below what the system gives to outgoing connections. */
const [lowest, span] = [21_000, 11_000]

/** The first base from here on, in steps of 20 and around the end of the range, of which no port is taken. */
export async function freeBase(from: number): Promise<number> {
  for (let step = 0; step < span; step += 20) {
    const base = lowest + ((from - lowest + workerOffset + step) % span)
    const taken = await Promise.all(Array.from({ length: 8 }, (_, i) => isTaken(base + i)))
    if (!taken.includes(true)) return base
  }
  throw new Error(`no free ports from ${from} on`)
}

/** Taken on any address: binding to all of them fails when one of them is in use. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(true))
    server.listen({ port, host: '0.0.0.0' }, () => server.close(() => done(false)))
  })
}
