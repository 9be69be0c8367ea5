import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { LabEvent } from '../contract'
import type { Topology } from './topology'

const stateSchema = z.object({
  writerId: z.string(),
  events: z.array(
    z.object({
      at: z.number(),
      sourceId: z.string(),
      sourceType: z.enum(['db-cluster', 'db-instance']),
      message: z.string(),
      categories: z.array(z.string()),
    }),
  ),
  nodes: z.record(
    z.string(),
    z.object({
      replicates: z.boolean(),
      source: z.string().nullable().optional(),
      attributes: z.record(z.string(), z.unknown()),
    }),
  ),
})

/** What the platform knows of its cluster beyond the servers' own files. */
type Remembered = z.infer<typeof stateSchema>

/** Null when nothing is remembered, or nothing that can be read. */
export function recall(file: string): Remembered | null {
  if (!existsSync(file)) return null
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

/** Replaces what was remembered, whole or not at all. */
export function remember(file: string, topology: Topology, events: LabEvent[]): void {
  const nodes = Object.fromEntries(
    topology.members.map(({ id, replicates, replicaSourceId: source, attributes }) => [
      id,
      { replicates, source, attributes },
    ]),
  )
  const text = JSON.stringify({ writerId: topology.writer.id, events, nodes } satisfies Remembered)
  writeFileSync(`${file}.part`, text, { mode: 0o600 })
  renameSync(`${file}.part`, file)
}
