import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import { ServerError } from '../lib/embedded-postgres/errors'
import type { Lab, LabContext, LabFault, LabPart, LabPorts, LabRoute, LabShape } from './contract'
import { controlRoute } from './control/routes'
import { apiCatalogue } from './faults/api-catalogue'
import { ArmedApiFaults } from './faults/api-faults'
import { dataCatalogue } from './faults/data-catalogue'
import { FileEffectLog } from './faults/effect-log'
import { FaultRegistry } from './faults/registry'
import { repairCluster } from './faults/repair'
import { serverCatalogue } from './faults/server-catalogue'
import { runningLab, writeConnectionFiles } from './files'
import { labEndpoints } from './ports'
import { Cluster } from './postgres/cluster'
import { Estate } from './postgres/estate/estate'
import { regionCatalogue } from './region/catalogue'
import { RegionReach } from './region/reach'
import { regionRoute } from './region/route'
import { loadSecrets } from './secrets'

export interface LabOptions {
  dataDir: string
  ports: LabPorts
  /** Divides AWS's real delays; 30 unless told. */
  speedup?: number
  /** Which topology the API shows; LAB_SHAPE, else `hybrid`, unless told. */
  shape?: LabShape
}

/**
 * The rehearsal lab: a cluster of real PostgreSQL servers, and one HTTP server for all its interfaces. Rooms add
 * themselves before `start()`. Throws ServerError from `start()` when a port is taken or a server cannot start.
 */
export function createLab(options: LabOptions): Lab {
  const dataDir = resolve(options.dataDir)
  const { platformPassword, ...secrets } = loadSecrets(dataDir)
  const speedup = options.speedup ?? 30
  const setup = { dataDir: join(dataDir, 'postgres'), ports: options.ports, secrets, platformPassword }
  const cluster = new Cluster(setup, speedup)
  const estate = new Estate(cluster, setup)
  const repair = () => repairCluster(cluster)
  const parts: LabPart[] = []
  const registry = new FaultRegistry(async () => {
    try {
      await repair()
    } finally {
      for (const part of parts) await part.repair?.()
    }
  })
  const apiFaults = new ArmedApiFaults((id) => registry.markSpent(id))
  const damage = dataCatalogue(cluster)
  // Once more when there is a writer again.
  parts.push({ repair: () => Promise.all(damage.map((fault) => fault.heal())).then(() => undefined) })
  const region = new RegionReach(cluster.region, () => {
    const { fronts, links } = cluster.topology.doorsOf(cluster.region)
    return {
      fronts: [...fronts, ...estate.fronts(cluster.region)],
      links: [...links, ...estate.links(cluster.region)],
    }
  })
  const catalogue = [
    ...serverCatalogue(cluster, repair),
    ...damage,
    ...apiCatalogue(apiFaults),
    ...regionCatalogue(region, cluster),
  ]
  for (const fault of catalogue) registry.add(fault)

  const context: LabContext = {
    dataDir,
    ...(options.shape ? { shape: options.shape } : {}),
    ports: options.ports,
    speedup,
    cluster,
    estate,
    log: new FileEffectLog(join(dataDir, 'effects.jsonl')),
    apiFaults,
    region,
    platform() {
      const { writer, login } = cluster.topology
      return writer.server.state === 'running' ? { address: writer.behind, login } : null
    },
  }
  const routes: LabRoute[] = []
  const controls = new Map<string, () => Promise<unknown>>()
  const started: LabPart[] = []
  const environment = new Map<string, string>()
  const described: Record<string, unknown> = {}
  let ready = false
  let servers: Server[] = []

  const lab: Lab = {
    context,
    secrets,
    addRoute: (route: LabRoute) => void routes.push(route),
    addPart: (part: LabPart) => void parts.push(part),
    addFault: (fault: LabFault) => registry.add(fault),
    addControl: (name, act) => void controls.set(`/lab/${name}`, act),
    addEnvironment: (name, value) => void environment.set(name, value),
    describe: (values) => void Object.assign(described, values),
    faults: () => registry.list(),
    startFault: (id, target, parameters) => registry.start(id, target, parameters),
    heal: (id) => (id === null ? registry.healAll() : registry.heal(id)),

    async start() {
      const other = await runningLab(dataDir)
      if (other) throw new ServerError('port-in-use', `A lab already runs over ${dataDir}, at ${other}.`)
      // The port first: a second lab over the same files must not touch the servers of the first.
      const { control, elsewhere } = labEndpoints
      const answer: RequestListener = (request, response) => void dispatch(routes, request, response)
      servers = await Promise.all([control, elsewhere].map((host) => listen(host, options.ports.http, answer)))
      try {
        await cluster.start()
        await estate.start()
        for (const part of parts) {
          started.unshift(part)
          await part.start?.()
        }
        writeConnectionFiles(lab, environment, described)
        ready = true
      } catch (error) {
        await lab.stop()
        throw error
      }
    },

    async stop() {
      ready = false
      for (const server of servers.splice(0)) {
        server.closeAllConnections()
        server.close()
      }
      for (const part of started.splice(0)) {
        try {
          await part.stop?.()
        } catch (error) {
          console.error('lab: a part did not stop in order:', error)
        }
      }
      // Its delays end with the cluster's.
      await Promise.all([cluster.stop(), estate.stop()])
    },
  }
  routes.push(
    controlRoute(lab, controls, () => ready),
    regionRoute(region),
  )
  return lab
}

async function listen(host: string, port: number, handle: RequestListener): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 30_000, requestTimeout: 0 }, handle)
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new ServerError('port-in-use', `The lab cannot listen on ${host}:${port}: another program uses the port.`)
  }
  return server
}

async function dispatch(routes: LabRoute[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    for (const route of routes) if (await route(request, response)) return
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: 'Nothing in the lab answers to this address.' }))
  } catch (error) {
    console.error(`lab: ${request.method} ${request.url} failed:`, error)
    if (response.headersSent) response.destroy()
    else {
      response.writeHead(500, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: 'The lab failed at this request; its own output says why.' }))
    }
  }
}
