import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'

const attributes = z.record(z.string(), z.unknown())
const stateSchema = z.object({
  clusters: z.array(
    z.object({
      id: z.string(),
      region: z.string(),
      number: z.number(),
      status: z.string(),
      databaseName: z.string(),
      masterUsername: z.string(),
      writerId: z.string().nullable(),
      attributes,
    }),
  ),
  instances: z.array(
    z.object({
      id: z.string(),
      region: z.string(),
      zone: z.string(),
      number: z.number(),
      clusterId: z.string().nullable(),
      masterUsername: z.string(),
      databaseName: z.string().nullable(),
      isWriter: z.boolean(),
      sourceId: z.string().nullable().default(null),
      status: z.enum([
        'creating',
        'available',
        'modifying',
        'rebooting',
        'failing-over',
        'deleting',
        'failed',
        'incompatible-restore',
      ]),
      attributes,
      managedPassword: z.string().nullable(),
    }),
  ),
  snapshots: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['cluster', 'db']),
      sourceId: z.string(),
      region: z.string(),
      at: z.number(),
      status: z.enum(['creating', 'available', 'failed']),
      attributes,
    }),
  ),
})

type EstateState = z.infer<typeof stateSchema>

/** What was kept when the lab last ran; empty when there is nothing that can be read. */
export function recallEstate(file: string): EstateState {
  const nothing: EstateState = { clusters: [], instances: [], snapshots: [] }
  if (!existsSync(file)) return nothing
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return nothing
  }
}

/** Replaces what was remembered, whole or not at all. */
export function rememberEstate(file: string, state: EstateState): void {
  writeFileSync(`${file}.part`, JSON.stringify(state), { mode: 0o600 })
  renameSync(`${file}.part`, file)
}
