import { z } from 'zod'
import type { TableCreation } from '../../domain/reconcile/creation'
import type { MergeTable } from '../../domain/reconcile/merge'
import { type Effect, mostChosenRows, type Policy, type TableComparison } from '../../domain/reconcile/policy'
import type { TableFacts } from '../../domain/reconcile/table'
import type { DatabaseAddress } from '../../ports/reconcile'
import { type Facts, obligationSchema, readFacts } from '../facts'

const address = z.object({
  host: z.string(),
  port: z.number(),
  database: z.string(),
}) satisfies z.ZodType<DatabaseAddress>

const tableFacts = z.object({
  schema: z.string(),
  name: z.string(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      generated: z.boolean(),
      identity: z.enum(['always', 'by-default']).nullable(),
    }),
  ),
  key: z.array(z.string()),
  references: z.array(z.object({ constraint: z.string(), to: z.string() })),
  triggers: z.array(z.object({ name: z.string(), enabled: z.enum(['origin', 'always']) })),
  sequences: z.array(z.object({ name: z.string(), column: z.string(), increment: z.number() })),
}) satisfies z.ZodType<TableFacts>

const policy = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('skip') }),
  z.object({ kind: z.literal('insert-missing') }),
  z.object({ kind: z.literal('take-source') }),
  z.object({
    kind: z.literal('rows'),
    keys: z
      .array(z.string().max(2_000))
      .max(mostChosenRows, `At most ${mostChosenRows} rows can be chosen one by one.`),
  }),
]) satisfies z.ZodType<Policy>

/** What a person chooses: a policy for each table. Those that are not named are left as they are. */
export const mergeChoice = z.object({
  /** The comparison that the person saw. */
  batch: z.string(),
  tables: z
    .array(z.object({ table: z.string(), policy, triggers: z.enum(['on', 'off']) }))
    .max(1_000)
    .refine((tables) => new Set(tables.map(({ table }) => table)).size === tables.length, 'Name each table once.'),
})
export type MergeChoice = z.output<typeof mergeChoice>

const creation = z.object({
  create: z.array(z.string()),
  finish: z.array(z.string()),
  foreignKeys: z.array(z.object({ name: z.string(), of: z.string(), to: z.string(), sql: z.string() })),
  sequences: z.array(z.string()),
  leftOut: z.array(z.string()),
}) satisfies z.ZodType<TableCreation>

const effect = z.object({ insert: z.number(), update: z.number(), remove: z.number() }) satisfies z.ZodType<Effect>
const mergeTable = z.object({
  table: z.string(),
  facts: tableFacts,
  place: z.number(),
  policy,
  triggers: z.enum(['on', 'off']),
  effect,
  compared: z.string(),
  creation: creation.nullable().default(null),
}) satisfies z.ZodType<MergeTable>

const comparison = z.object({
  table: z.string(),
  onlySource: z.number(),
  onlyTarget: z.number(),
  different: z.number(),
  same: z.number(),
  digest: z.string(),
}) satisfies z.ZodType<TableComparison>

/** A table as it was compared, with what a person needs to know for choosing. */
const comparedTable = comparison.extend({
  key: z.array(z.string()),
  /** The first of its rows by their keys; a run of an earlier version kept none. */
  keys: z
    .object({ source: z.array(z.string()), target: z.array(z.string()), different: z.array(z.string()) })
    .optional(),
  triggers: z.array(z.string()),
  /** What makes the table again, where the target has lost it. */
  creation: creation.nullable().default(null),
})
export type ComparedTableFact = z.output<typeof comparedTable>

export const chooseStepId = 'choose-rows'
/** The steps that reconcile, by what they do. */
export const mergeSteps = {
  compare: 'compare-rows',
  choose: chooseStepId,
  approve: 'approve-rows',
  merge: 'merge-rows',
} as const
/** Under which name a person's answer to a step is kept. */
const answer = z.object({
  value: mergeChoice,
  by: z.object({ id: z.string(), name: z.string() }),
  at: z.number(),
})

/** What reconciling rows fixes and learns. */
export const reconcileSchema = z
  .object({
    ...obligationSchema.shape,
    /** How often the rows were compared anew. */
    mergeRound: z.number(),
    comparison: z
      .object({
        batch: z.string(),
        source: address,
        target: address,
        /** In the order in which they are merged. */
        tables: z.array(comparedTable),
        comparedAt: z.number(),
        /** Triggers of these tables cannot be kept from firing. */
        triggersStay: z.array(z.string()),
      })
      .nullable(),
    [`answer/${chooseStepId}` as const]: answer.nullable(),
    /** What is merged, in groups. */
    mergeGroups: z.array(z.array(mergeTable)).nullable(),
    merged: z.object({ at: z.number(), rows: effect, changedSince: z.number() }).nullable(),
  })
  .partial()
export type ReconcileFacts = z.output<typeof reconcileSchema>

/** What a run compared, out of its stored facts; null when it compared nothing, or this version cannot read it. */
export const comparisonOf = (stored: Facts): NonNullable<ReconcileFacts['comparison']> | null =>
  readFacts(reconcileSchema, stored).facts.comparison ?? null
