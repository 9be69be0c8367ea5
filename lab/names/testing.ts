import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import type { Address, LabFault, LabPart, LabRoute } from '../contract'
import { ArmedApiFaults } from '../faults/api-faults'
import { FileEffectLog } from '../faults/effect-log'
import { labEndpoints, labResolvers, portsFrom } from '../ports'
import { registerS3 } from '../s3/index'
import { freeBase } from '../testing'
import { registerNames } from './index'

export type NamesTestRoom = Awaited<ReturnType<typeof startNamesRoom>>

/** Route 53, its DNS servers and the bucket of the switch object: without a database, and with listeners in its place. */
export async function startNamesRoom(options: { dataDir?: string; speedup?: number; basePort?: number } = {}) {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'wr-names-'))
  const ports = portsFrom(await freeBase(options.basePort ?? 24_300)).lab
  const routes: LabRoute[] = []
  const parts: LabPart[] = []
  const faults = new Map<string, LabFault>()
  const described: Record<string, unknown> = {}
  const apiFaults = new ArmedApiFaults()
  const log = new FileEffectLog(join(dataDir, 'effects.jsonl'))
  const ready = new Map<string, number>([['us-west-2', 6]])
  const secrets = { awsAccessKeyId: 'AKIATESTCASTMATCH001', awsSecretAccessKey: 'a test key that signs nothing else' }
  const writerEndpoint: Address = { host: labEndpoints.writer, port: ports.postgres }
  const replica: Address = { host: '127.0.10.4', port: ports.postgres }
  const context = {
    dataDir,
    ports,
    speedup: options.speedup ?? 100,
    apiFaults,
    log,
    cluster: {
      writerEndpoint,
      nodes: () => [
        {
          id: 'castmatch-xregion-replica',
          region: 'us-east-1',
          zone: 'us-east-1a',
          role: 'cross-region' as const,
          status: 'available' as const,
          clusterId: null,
          address: replica,
          running: true,
          frozen: false,
          promotionTier: 1,
          replicaSourceId: null,
          attributes: {},
        },
      ],
    },
  }
  const adding = {
    addRoute: (route: LabRoute) => void routes.push(route),
    addPart: (part: LabPart) => void parts.push(part),
  }
  const store = registerS3({ context, secrets, ...adding })
  registerNames(
    {
      context,
      secrets,
      ...adding,
      addFault: (fault) => void faults.set(fault.id, fault),
      describe: (values) => void Object.assign(described, values),
    },
    (region) => ready.get(region) ?? 0,
  )
  const server = createServer((request, response) => {
    void (async () => {
      for (const route of routes) if (await route(request, response)) return
      response.writeHead(404).end()
    })()
  })
  await new Promise<void>((done) => server.listen(ports.http, '127.0.0.1', done))
  for (const part of parts) await part.start?.()
  const fault = (id: string) => {
    const found = faults.get(id)
    if (!found) throw new Error(`no fault ${id}`)
    return found
  }
  return {
    url: `http://127.0.0.1:${ports.http}`,
    port: ports.http,
    dataDir,
    secrets,
    log,
    store,
    apiFaults,
    ready,
    writerEndpoint,
    described,
    resolvers: labResolvers,
    startFault: (id: string, target: string | null = null, parameters: Record<string, number | string> = {}) =>
      fault(id).start(target, parameters),
    heal: (id: string) => fault(id).heal(),
    /** The files stay when `keep` is set. */
    async end(keep = false) {
      for (const part of [...parts].reverse()) await part.stop?.()
      server.closeAllConnections()
      server.close()
      if (!keep) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Listens where the database's endpoint would be. */
export async function listenAt({ host, port }: Address): Promise<Server> {
  const server = createTcpServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((done) => server.listen({ host, port }, done))
  return server
}

const run = promisify(execFile)

/** Debian's `dig`, which shares no code with the lab's servers; what it prints. */
export async function dig(server: string, port: number, ...args: string[]): Promise<string> {
  const { stdout } = await run('dig', [`@${server}`, '-p', String(port), '+tries=1', '+time=5', ...args], {
    timeout: 20_000,
  })
  return stdout
}

/** Only the answers, without a full stop at a name's end. */
export async function dug(server: string, port: number, ...args: string[]): Promise<string[]> {
  const text = await dig(server, port, '+short', ...args)
  return text.split('\n').flatMap((line) => (line === '' ? [] : line.replace(/\.$/, '')))
}

/** Waits for what a probe shows, in tests on loaded machines. */
export const eventually = (look: () => unknown, limitMs = 30_000) =>
  vi.waitFor(look, { timeout: limitMs, interval: 100 })
