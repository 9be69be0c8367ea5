import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { Lab, LabCluster, LabContext, LabSecrets } from '../contract'
import { labRegionalApis, labResolvers } from '../ports'
import { answerFor } from './answers'
import { nameFaults, Route53Trouble } from './faults'
import { HealthChecks, healthCheckSchema } from './health-checks'
import { canonicalName, zoneSchema } from './records'
import { regionalApis } from './regional-apis'
import { CachingResolver } from './resolver'
import { answerRoute53 } from './route53'
import { apiName, databaseName, privateZone, publicZone, seedChecks, seedZones, switchObject } from './seed'
import { DnsServer } from './wire'
import { Zones } from './zones'

/** What of the lab the room needs. */
export type NamesLab = Pick<Lab, 'addRoute' | 'addPart' | 'addFault' | 'describe'> & {
  context: Pick<LabContext, 'dataDir' | 'ports' | 'speedup' | 'apiFaults' | 'log'> & {
    cluster: Pick<LabCluster, 'nodes' | 'writerEndpoint'>
  }
  secrets: Pick<LabSecrets, 'awsAccessKeyId' | 'awsSecretAccessKey'>
}

const keptSchema = z.object({ zones: z.array(zoneSchema), checks: z.array(healthCheckSchema) })

/**
 * Adds Route 53 with its zones and health checks, the DNS servers that answer from them, and what the checks look at. The servers
 * are on the port of the HTTP interfaces, at addresses of their own. `readyPods` tells how many pods of the application are ready.
 */
export function registerNames(lab: NamesLab, readyPods: (region: string) => number): void {
  const { context, secrets } = lab
  const file = join(context.dataDir, 'names', 'state.json')
  const port = context.ports.http
  const at = (host: string) => ({ host, port })
  const save = () => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.next`, JSON.stringify({ zones: zones.all(), checks: checks.all() }), { mode: 0o600 })
    renameSync(`${file}.next`, file)
  }
  const zones = new Zones(context.speedup, save)
  const checks = new HealthChecks({
    speedup: context.speedup,
    resolve: (name) => lookUp(name).answers.find(({ type }) => type === 'A')?.value ?? null,
  })
  const lookUp = (name: string, type = 'A') =>
    answerFor(zones.served(), { name: canonicalName(name), type }, (id) => checks.isHealthy(id))

  const trouble = new Route53Trouble()
  const room = { context, secrets, zones, checks, changed: save }
  lab.addRoute((request, response) =>
    answerRoute53({ ...room, refusal: (operation) => trouble.refusal(operation, checks) }, request, response),
  )

  const authoritative = new DnsServer(at(labResolvers.authoritative), {
    authoritative: true,
    recursive: false,
    answer: async ({ name, type }) => lookUp(name, type),
  })
  const none = (): string[] => []
  const privates = () => zones.served().flatMap((zone) => (zone.isPrivate ? [zone.name] : []))
  const resolvers = [
    { name: 'cluster', host: labResolvers.cluster, hidden: none },
    ...labResolvers.public.map((host, i) => ({ name: `public-${i + 1}`, host, hidden: privates })),
  ].map(({ name, host, hidden }) => ({
    name,
    host,
    resolver: new CachingResolver(at(labResolvers.authoritative), hidden),
  }))
  const servers = [authoritative, ...resolvers.map(({ host, resolver }) => new DnsServer(at(host), resolver))]
  lab.addPart(
    regionalApis(
      labRegionalApis.map((api) => ({ ...api, port })),
      readyPods,
    ),
  )
  lab.addPart({
    async start() {
      const kept = existsSync(file) ? keptSchema.safeParse(JSON.parse(readFileSync(file, 'utf8') || 'null')) : null
      zones.load(kept?.success ? kept.data.zones : seedZones(context))
      checks.load(kept?.success ? kept.data.checks : seedChecks(context))
      for (const server of servers) await server.start()
      checks.start()
    },
    stop() {
      checks.stop()
      zones.stop()
      for (const server of servers) server.stop()
    },
  })
  for (const fault of nameFaults(trouble, { zones, checks }, resolvers)) lab.addFault(fault)
  lab.describe({
    names: {
      records: [
        { use: 'database', zoneId: privateZone.id, name: databaseName.replace(/\.$/, ''), zone: 'private' },
        { use: 'api', zoneId: publicZone.id, name: apiName.replace(/\.$/, ''), zone: 'public' },
      ],
      resolvers: {
        authoritative: [`${labResolvers.authoritative}:${port}`],
        cluster: [`${labResolvers.cluster}:${port}`],
        public: labResolvers.public.map((host) => `${host}:${port}`),
      },
      switchObject,
    },
  })
}
