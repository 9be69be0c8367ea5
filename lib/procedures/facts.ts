import { z } from 'zod'
import { checklistKeys } from '../domain/checklist/items'
import type { HostSetting } from '../domain/cluster/containers'
import type { NodeSessions } from '../domain/cluster/left-sessions'
import type { Gap, SequenceFact, SlotFact, Survey, TableCount } from '../domain/cluster/survey'
import type { Topology } from '../domain/cluster/topology'
import type { JsonValue } from '../domain/procedure/canonical'
import type { Baseline } from '../domain/run/baseline'
import type { Obligation } from '../domain/run/obligation'

export { duty, type Obligation, withObligation } from '../domain/run/obligation'

/*
 * What runs fix and learn, by name, in the parts that shared steps need. A procedure's facts are the parts of its steps and
 * its own. Everything is JSON, because it outlives the process; each fact may be missing, because no run begins with it.
 */

/** Facts as they are stored with a run: its own and the engine's. Steps get them parsed. */
export type Facts = { [name: string]: JsonValue }

/** A schema of facts: an object whose members may all be missing. */
export type FactsSchema<F> = z.ZodType<F> & { shape: Record<string, z.ZodType> }

/**
 * Stored facts as a schema declares them, and the names of those that it cannot read; nothing may be done by facts of which
 * one is unreadable. Null stands for a fact that was taken back, unless its schema gives null a meaning of its own.
 */
export function readFacts<F>(schema: FactsSchema<F>, stored: Facts): { facts: F; unreadable: string[] } {
  const kept = Object.keys(schema.shape).flatMap((name): [string, unknown][] => {
    const value = stored[name]
    const missing = value === undefined || (value === null && !schema.shape[name]?.safeParse(null).success)
    return missing ? [] : [[name, value]]
  })
  const read = schema.safeParse(Object.fromEntries(kept))
  if (read.success) return { facts: read.data, unreadable: [] }
  const unreadable = [...new Set(read.error.issues.map((issue) => String(issue.path[0])))]
  return { facts: schema.parse(Object.fromEntries(kept.filter(([name]) => !unreadable.includes(name)))), unreadable }
}

/** Facts as they are stored: those that are missing are left out. */
export const asStored = (facts: object): Facts => JSON.parse(JSON.stringify(facts))

/** A fact that an earlier step must have fixed. Throws when it did not: the steps are in the wrong order. */
export function needed<T>(fact: T | undefined | null, name: string): T {
  if (fact === undefined || fact === null) throw new Error(`The run has not fixed ${name} yet`)
  return fact
}

const names = z.array(z.string())
const text = z.string().nullable()
const figure = z.number().nullable()
/** A moment, ms. */
const time = z.number()
const address = z.object({ host: z.string(), port: z.number() })
const beat = z.object({ at: z.number(), seq: z.number() }).nullable()

const topologies = z.enum(['hybrid', 'aurora', 'multi_az_cluster', 'instance', 'unknown']) satisfies z.ZodType<Topology>

/** A node as a run fixed it. */
export const fixedNode = z.object({
  id: z.string(),
  host: text,
  port: figure,
  zone: z.string(),
  instanceClass: z.string(),
  timeline: figure,
  lsn: text,
  multiAz: z.boolean(),
  securityGroupIds: names,
})
export type FixedNode = z.output<typeof fixedNode>

const container = { container: z.string(), init: z.boolean() }
const hostSetting = z.discriminatedUnion('by', [
  z.object({ ...container, by: z.literal('value'), host: z.string() }),
  z.object({ ...container, by: z.literal('reference'), from: z.string() }),
]) satisfies z.ZodType<HostSetting>

/** A deployment before the run, with how each of its containers came to the database host. */
const fixedWorkload = z.object({ deployment: z.string(), containers: z.array(hostSetting), replicas: z.number() })
export type FixedWorkload = z.output<typeof fixedWorkload>

const obligation = z.object({
  id: z.string(),
  title: z.string(),
  why: z.string(),
  state: z.enum(['open', 'met', 'accepted']),
  settledBy: z.object({ person: z.object({ id: z.string(), name: z.string() }), reason: z.string() }).optional(),
  copy: z
    .object({
      id: z.string(),
      kind: z.enum(['cluster', 'instance']),
      instances: z.number(),
      instanceClass: z.string(),
      madeAt: z.number(),
    })
    .optional(),
  next: z
    .object({ title: z.string(), slug: z.string(), inputs: z.record(z.string(), z.union([z.string(), z.number()])) })
    .optional(),
  serves: z.array(z.enum(checklistKeys)).optional(),
}) satisfies z.ZodType<Obligation>

export const obligationSchema = z.object({ obligations: z.array(obligation) }).partial()
export type ObligationFacts = z.output<typeof obligationSchema>

/** The writer that is left, the one that takes over, and where it is reached. */
export const writerSchema = z
  .object({
    topology: topologies,
    clusterId: z.string(),
    endpoint: address,
    readerEndpoint: address.nullable(),
    writerBefore: fixedNode,
    target: fixedNode,
    /** Ids of all members. */
    members: names,
    /** How the former writer was found. */
    verdict: z.enum(['down', 'failing-over', 'healthy']),
    /** When the target was first proved to be the writer. */
    promotedAt: time,
  })
  .partial()
export type WriterFacts = z.output<typeof writerSchema>

/** The last number that each writer of the application was told is committed, noted while nothing could be written. */
const acknowledged = z.record(z.string(), z.number())
export type Acknowledged = z.output<typeof acknowledged>

const gap = z.object({ what: z.string(), why: z.string() }) satisfies z.ZodType<Gap>
const slot = z.object({
  name: z.string(),
  kind: z.enum(['physical', 'logical']),
  plugin: text,
  active: z.boolean(),
  walStatus: text,
}) satisfies z.ZodType<SlotFact>

export const tableCount = z.object({
  table: z.string(),
  rows: z.number(),
  upTo: text,
  within: z.number(),
  checksum: z.string(),
}) satisfies z.ZodType<TableCount>

const survey = z.object({
  at: time,
  standby: z.boolean(),
  tables: z.array(tableCount),
  sequences: z.array(
    z.object({
      name: z.string(),
      table: z.string(),
      column: z.string(),
      last: text,
      greatest: text,
    }) satisfies z.ZodType<SequenceFact>,
  ),
  slots: z.array(slot),
  unlogged: names,
  extensions: z.array(z.object({ name: z.string(), version: z.string() })),
  invalidIndexes: names,
  collationDrift: names,
  prepared: z.array(z.object({ gid: z.string(), ageSeconds: z.number() })),
  indexes: z.object({ checked: z.number(), broken: names }).nullable(),
  answers: z.array(z.object({ name: z.string(), value: text })).optional(),
  orphans: z.array(z.object({ key: z.string(), table: z.string(), rows: z.number() })).optional(),
  gaps: z.array(gap),
}) satisfies z.ZodType<Survey>

const baseline = z.object({
  takenAt: time,
  from: z.object({ nodeId: z.string(), role: z.enum(['writer', 'reader']) }).nullable(),
  survey: survey.nullable(),
  slots: z.array(slot).nullable(),
  nodes: z.array(
    z.object({
      id: z.string(),
      answers: z.boolean(),
      standby: z.boolean().nullable(),
      timeline: figure,
      lsn: text,
      why: text,
    }),
  ),
  losses: z.array(
    z.object({
      nodeId: z.string(),
      atLeastSeconds: figure,
      atLeastBytes: figure,
      atMostSeconds: figure,
      atMostBytes: figure,
      why: text,
    }),
  ),
  cluster: z
    .object({
      status: z.string(),
      engineVersion: text,
      writerId: text,
      securityGroupIds: names,
      backupRetentionDays: figure,
      instances: z.array(
        z.object({
          id: z.string(),
          status: z.string(),
          zone: z.string(),
          instanceClass: z.string(),
          promotionTier: figure,
          securityGroupIds: names,
        }),
      ),
    })
    .nullable(),
  deployments: z.array(fixedWorkload),
  gaps: z.array(gap),
  beforeDamage: z.object({ copy: z.string(), tables: z.array(z.string()) }).optional(),
}) satisfies z.ZodType<Baseline>

/** What was there before anything changed. */
export const baselineSchema = z
  .object({
    workloads: z.array(fixedWorkload),
    /** How many pods each deployment had when this run scaled it down, by name; absent while it has not. */
    replicasBefore: z.record(z.string(), z.number()),
    baseline,
    acknowledged,
    /** The last heartbeat that the old writer acknowledged, and the last that the target holds. */
    beatBefore: beat,
    targetBeat: beat,
    /** The heartbeat was missing or frozen, so what the nodes show of it measures nothing. */
    noHeartbeat: z.boolean(),
  })
  .partial()
export type BaselineFacts = z.output<typeof baselineSchema>

const poolerHandling = z.enum(['held', 'down', 'released'])
export type PoolerHandling = z.output<typeof poolerHandling>

export const poolerSchema = z
  .object({
    /**
     * What this run has made of each pooler's traffic, by name: it holds it, it found the pooler down, or it let the traffic
     * through again. Absent while it has not, or when people decided to go without.
     */
    poolers: z.record(z.string(), poolerHandling),
    /** Where each pooler's own configuration leads, by name; null while that is not known. */
    poolerTargets: z.record(z.string(), address.nullable()),
    /** Pods wait for a pooler that is down: the application is not back before it is. */
    awaitsPooler: z.boolean(),
    /** When clients were let through to the new writer again. */
    resumedAt: time,
  })
  .partial()
export type PoolerFacts = z.output<typeof poolerSchema>

export const leftSessionsSchema = z
  .object({
    /** The application's sessions on nodes that are not the writer, as people were shown them. */
    leftSessions: z.array(
      z.object({
        id: z.string(),
        host: z.string(),
        port: z.number(),
        sessions: z.array(
          z.object({
            pid: z.number(),
            startedAt: z.string(),
            user: z.string(),
            applicationName: z.string(),
            clientAddress: text,
          }),
        ),
      }),
    ) satisfies z.ZodType<NodeSessions[]>,
  })
  .partial()
export type LeftSessionsFacts = z.output<typeof leftSessionsSchema>

export const fenceSchema = z
  .object({
    fence: z.enum(['reader', 'fenced', 'pending', 'gone']),
    /** What closes the old writer while it is open. */
    fenceRoute: z.enum(['sql', 'api']).nullable(),
    /** Since when it is known to have come back as a writer, after the run had seen it closed. */
    cameBackAt: time.nullable(),
  })
  .partial()
export type FenceFacts = z.output<typeof fenceSchema>

/** How long the application was without a database, and what was lost. */
export const recoverySchema = z
  .object({
    impactAt: time.nullable(),
    /** Start of the present row of successful write probes. */
    writesSince: time.nullable(),
    /** Were pods seen unready after the failover, and since when are they all ready. */
    podsMissed: z.boolean(),
    podsSince: time.nullable(),
    restoredAt: time,
    lossSeconds: figure,
    /** It is the most that the WAL positions of the baseline allow, since no heartbeat measures it. */
    lossEstimated: z.boolean(),
    /** Acknowledged commits that the new writer does not hold, counted by their numbers; null where that cannot be counted. */
    lostCommits: figure,
  })
  .partial()
export type RecoveryFacts = z.output<typeof recoverySchema>
