import { z } from 'zod'
import { type Lead, moveWays } from '../../domain/names/move'
import { nameUses } from '../../domain/names/types'
import { type RecordSetInput, recordSetTypes } from '../../domain/procedure/names-call'

const recordSet = z.object({
  Name: z.string(),
  Type: z.enum(recordSetTypes),
  SetIdentifier: z.string().optional(),
  Weight: z.number().optional(),
  Failover: z.enum(['PRIMARY', 'SECONDARY']).optional(),
  MultiValueAnswer: z.boolean().optional(),
  TTL: z.number().optional(),
  ResourceRecords: z.array(z.object({ Value: z.string() })).optional(),
  AliasTarget: z
    .object({ HostedZoneId: z.string(), DNSName: z.string(), EvaluateTargetHealth: z.boolean() })
    .optional(),
  HealthCheckId: z.string().optional(),
}) satisfies z.ZodType<RecordSetInput>

const lead = z.object({ names: z.array(z.string()), addresses: z.array(z.string()) }) satisfies z.ZodType<Lead>
const way = z.enum(moveWays)

/** How one name is moved, and what it was before: the evidence by which it can be put back. */
const nameMove = z.object({
  use: z.enum(nameUses),
  zoneId: z.string(),
  /** Null: it cannot be moved by this run. */
  way: way.nullable(),
  closed: z.array(z.object({ way, why: z.string() })),
  /** Its record sets before the change; empty while they could not be read. */
  records: z.array(recordSet),
  /** Why they could not be read, or null. */
  unread: z.string().nullable(),
  /** What an UPSERT writes; empty for every other way. */
  changes: z.array(recordSet),
  /** Its health check as it is when nobody forces it. */
  check: z.object({ id: z.string(), disabled: z.boolean(), inverted: z.boolean() }).nullable(),
  /** Of that check, as it was read last. */
  version: z.number().nullable(),
  switchObject: z.object({ bucket: z.string(), key: z.string(), region: z.string() }).nullable(),
  leads: z.object({ from: lead.nullable(), to: lead.nullable() }),
  ttlSeconds: z.number().nullable(),
  /** When its name servers were first seen to lead where it is moved, ms. */
  movedAt: z.number().nullable(),
})
export type NameMove = z.output<typeof nameMove>

export const namesSchema = z
  .object({
    /** By name. */
    moves: z.record(z.string(), nameMove),
  })
  .partial()
export type NamesFacts = z.output<typeof namesSchema>
