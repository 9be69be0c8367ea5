import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { launchProduct } from '../e2e/product'

export interface Product {
  url: string
  dataDir: string
  /** Seconds from the command to the printed block. */
  startSeconds: number
  pids: Record<string, number>
  lab(path: string, body?: unknown): Promise<unknown>
  stop(): Promise<void>
  /** Stops and starts again on the same data; returns the seconds of the second start. */
  restart(): Promise<number>
}

const running = z.object({ children: z.record(z.string(), z.number()) })

/** Starts the whole product as `npm start` does, on its own ports and a fresh data directory. */
export async function startProduct(port: number): Promise<Product> {
  const dataDir = mkdtempSync(join(tmpdir(), 'warroom-bench-'))
  let process_ = await launchProduct(port, dataDir)
  const product: Product = {
    url: `http://localhost:${port}`,
    dataDir,
    startSeconds: process_.seconds,
    get pids() {
      return running.parse(JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8'))).children
    },
    async lab(path, body) {
      const response = await fetch(`http://127.0.0.1:${port + 3}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'x-lab-token': readFileSync(join(dataDir, 'lab/token'), 'utf8').trim(),
          'content-type': 'application/json',
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return response.json()
    },
    async stop() {
      await process_.end()
      rmSync(dataDir, { recursive: true, force: true })
    },
    async restart() {
      await process_.end()
      process_ = await launchProduct(port, dataDir)
      return process_.seconds
    },
  }
  return product
}

/** Resident memory of a process in MB, from the kernel. */
export function residentMb(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/)
  return Number(line?.[1] ?? Number.NaN) / 1024
}

/** CPU seconds (user and system) that a process has used since it started; 100 ticks a second on Linux. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
