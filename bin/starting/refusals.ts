import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labAddresses, labEndpoints, labPoolers, type portsFrom } from '../../lab/ports'
import { portTaken } from './ports'

/** Store and lab together stay below this for weeks. */
const neededBytes = 1024 ** 3

/** The port of the pages. Throws with one sentence when PORT cannot be one; the others follow it, so it ends at 32000. */
export function readPort(said: string | undefined): number {
  const port = Number(said ?? 3000)
  if (!Number.isInteger(port) || port < 1024 || port > 32_000)
    throw new Error(`PORT is "${said}": use a number from 1024 to 32000.`)
  return port
}

/** Throws with one sentence when the data directory's disk has too little room. */
export function refuseFullDisk(dataDir: string, disk: { bavail: number; bsize: number }): void {
  if (disk.bavail * disk.bsize < neededBytes)
    throw new Error(
      `Only ${Math.round((disk.bavail * disk.bsize) / 1024 ** 2)} MB are free for ${dataDir}; the store and the lab need 1 GB.`,
    )
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readHolder(lock: string): { pid: number; address: string } | null {
  try {
    const { pid, address } = JSON.parse(readFileSync(lock, 'utf8')) as { pid?: unknown; address?: unknown }
    return typeof pid === 'number' && pid > 0 ? { pid, address: String(address) } : null
  } catch {
    return null // cut off while it was written, by a full disk or a lost machine
  }
}

/** The copy that runs from this data directory now, or null. */
export function runningCopy(dataDir: string): { pid: number; address: string } | null {
  const holder = readHolder(join(dataDir, 'running.json'))
  return holder && holder.pid !== process.pid && alive(holder.pid) ? holder : null
}

/**
 * One copy per data directory: a second start of a running copy would fight over the same databases. A claim left by a copy
 * that died is taken over; one that cannot be read is no claim.
 */
export function claim(dataDir: string, address: string) {
  const lock = join(dataDir, 'running.json')
  const write = (children: Record<string, number>) =>
    writeFileSync(lock, JSON.stringify({ pid: process.pid, address, children }))
  const other = runningCopy(dataDir)
  if (other)
    throw new Error(
      `The War Room already runs from this data directory at ${other.address}. For a second copy set PORT and WARROOM_DATA.`,
    )
  write({})
  return { write, release: () => rmSync(lock, { force: true }) }
}

/** Throws with one sentence per port that we need and cannot have. */
export async function refuseTakenPorts(ports: ReturnType<typeof portsFrom>): Promise<void> {
  const wanted = [
    { host: '127.0.0.1', port: ports.web, for: 'the pages' },
    { host: '127.0.0.1', port: ports.runner, for: 'the runner' },
    { host: '127.0.0.1', port: ports.store, for: 'the store' },
    { host: '127.0.0.1', port: ports.vantage, for: 'the collector in the other region' },
    ...[labEndpoints.control, labEndpoints.elsewhere].flatMap((host) => [
      { host, port: ports.lab.http, for: "the lab's APIs" },
      { host, port: ports.lab.kubernetes, for: "the lab's Kubernetes API" },
    ]),
    ...[...labPoolers.map(({ front }) => front), labEndpoints.poolerService].map((host) => ({
      host,
      port: ports.lab.pgbouncer,
      for: "the lab's poolers",
    })),
    ...[...Object.values(labAddresses).map((a) => a.front), labEndpoints.writer, labEndpoints.reader].map((host) => ({
      host,
      port: ports.lab.postgres,
      for: "the lab's database",
    })),
  ]
  const taken = (await Promise.all(wanted.map(async (w) => ({ ...w, why: await portTaken(w.host, w.port) })))).filter(
    (w) => w.why,
  )
  if (taken.length)
    throw new Error(
      [
        ...taken.map((w) => `Port ${w.port} on ${w.host} (${w.for}) is ${w.why}.`),
        `Set PORT to another one, such as PORT=${ports.web + 20} npm start.`,
      ].join('\n'),
    )
}
