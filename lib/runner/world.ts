import type { Snapshot } from '../domain/cluster/types'
import type { Run } from '../domain/run/run'
import type { Application } from '../ports/application'
import type { Database, DatabaseControl, DatabaseProbe } from '../ports/database'
import type { Fleet } from '../ports/fleet'
import type { Metrics } from '../ports/metrics'
import type { Names, NamesLook, Resolvers } from '../ports/names'
import type { Pooler } from '../ports/pooler'
import { PortError } from '../ports/port-error'
import type { MergeReader } from '../ports/reconcile'
import type { BackupsLook, RestoreReader } from '../ports/restore'
import type { Workloads } from '../ports/workloads'
import type { House, Surroundings, World } from '../procedures/contract'
import type { Store } from '../store/client'
import { approversOnline } from '../store/people-online'
import { lastAccepted } from '../store/proved-rights'
import { recordEndsWhole } from '../store/record'
import { lockHolder } from '../store/run'
import { resolveHost } from './resolve-host'

interface WorldPorts {
  fleet: Fleet
  database: Database
  workloads: Workloads | null
  application?: Application | null
  poolers: readonly Pooler[]
  /** The database as clients of a pooler reach it, by the pooler's name. */
  throughPoolers: ReadonlyMap<string, Database>
  control: DatabaseControl | null
  reconciler?: MergeReader | null
  backups?: BackupsLook | null
  restorer?: RestoreReader | null
  names?: Names | null
  resolvers?: Resolvers | null
  metrics: Metrics | null
  snapshot: () => Snapshot | null
}

interface Worlds {
  worldFor(
    run: Pick<Run, 'id' | 'startedBy' | 'cluster'> | { id: null; startedBy: { id: string }; cluster: string },
  ): World
  close(): Promise<void>
}

/** Of the names only what changes nothing. */
function namesLook({ names, resolvers }: Pick<WorldPorts, 'names' | 'resolvers'>): NamesLook | null {
  if (!names || !resolvers) return null
  const { control: _control, ...look } = names
  return { ...look, resolvers }
}

/** Longest that one table of a survey may take unless its request says otherwise, ms. */
const surveyTableMs = 15_000

/** What steps may look at, over connections of the runner's own: one kept probe for each address. */
export function createWorlds(
  ports: WorldPorts,
  environment: Surroundings,
  store: Store,
  now: () => number,
  pace: number,
  storeUrl: string | null,
): Worlds {
  const probes = new Map<string, DatabaseProbe>()
  async function asked<T>(
    database: Database,
    key: string,
    address: { host: string; port: number },
    question: (probe: DatabaseProbe) => Promise<T>,
  ): Promise<T> {
    const probe = probes.get(key) ?? database.probe(`runs ${key}`, address, { connectMs: 3_000, queryMs: 2_000 })
    probes.set(key, probe)
    try {
      return await question(probe)
    } catch (error) {
      if (error instanceof PortError) throw error
      // A probe that broke in an unforeseen way is thrown away; the next question makes another.
      probes.delete(key)
      await probe.close().catch(() => {})
      throw error
    }
  }
  const houseFor = (runId: string | null, starterId: string, cluster: string): House => ({
    async otherRun() {
      const other = await lockHolder(store, environment.name, [`${environment.aws.region}/${cluster}`], runId)
      return other ? `${other.startedByName} has a run on this cluster already: ${other.title}.` : null
    },
    lastAccepted: (operation, identity) => lastAccepted(store, environment.name, operation, identity),
    async storeWritable() {
      const { rows } = await store.pool.query<{ off: string }>('SHOW transaction_read_only')
      return (rows[0] as unknown as { transaction_read_only: string } | undefined)?.transaction_read_only === 'off'
    },
    storeHost: () => hostOf(storeUrl),
    recordWhole: () => recordEndsWhole(store),
    approversOnline: () => approversOnline(store, starterId),
  })
  return {
    worldFor: (run) => ({
      environment,
      pace,
      now,
      fleet: ports.fleet,
      workloads: ports.workloads,
      application: ports.application ?? null,
      poolers: ports.poolers,
      snapshot: ports.snapshot,
      merges: ports.reconciler ?? null,
      backups: ports.backups ?? null,
      loads: ports.restorer ?? null,
      names: namesLook(ports),
      ask: (address, question) => asked(ports.database, `${address.host}:${address.port}`, address, question),
      async askThrough({ name, host, port }, question) {
        const database = ports.throughPoolers.get(name)
        if (!database)
          throw new PortError('config', `The pooler ${name} is not configured for this runner.`, {
            outcome: 'rejected',
            probe: 'not-configured',
          })
        return await asked(database, `through ${name}`, { host, port }, question)
      },
      resolve: resolveHost,
      applicationSessions: async (address, olderThanSeconds) =>
        (await ports.control?.sessions(address, environment.database.applicationRoles, olderThanSeconds)) ?? null,
      async acknowledgedNumbers() {
        const { numberedCommits } = environment.database
        if (!numberedCommits || !ports.metrics) return null
        return await ports.metrics.byLabel(numberedCommits.metric, numberedCommits.writerLabel)
      },
      async heldNumbers(address, upTo) {
        const { numberedCommits } = environment.database
        if (!numberedCommits) return {}
        return await ports.database.numbersHeld(address, numberedCommits, upTo, { connectMs: 3_000, queryMs: 10_000 })
      },
      async numberRanges(address) {
        const { numberedCommits } = environment.database
        if (!numberedCommits) return null
        return await ports.database.numberRanges(address, numberedCommits, {
          connectMs: 3_000,
          queryMs: 60_000,
        })
      },
      lookAtFence: async (address) =>
        (await ports.control?.look(address, environment.database.applicationRoles)) ?? null,
      async fenceRights(address) {
        const { applicationRoles, user } = environment.database
        return (await ports.control?.rights(address, [...applicationRoles, user])) ?? null
      },
      survey: (address, request) =>
        ports.database.survey(address, request, { connectMs: 3_000, queryMs: request.eachMs ?? surveyTableMs }),
      house: houseFor(run.id, run.startedBy.id, run.cluster),
    }),
    async close() {
      await Promise.allSettled([...probes.values()].map((probe) => probe.close()))
      probes.clear()
    },
  }
}

/** The host of the store; of a socket file none. */
function hostOf(storeUrl: string | null): string | null {
  if (storeUrl === null || !URL.canParse(storeUrl)) return null
  const { hostname, searchParams } = new URL(storeUrl)
  return searchParams.get('host') ?? (hostname || null)
}
