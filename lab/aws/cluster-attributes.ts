import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabContext, LabShape } from '../contract'
import { type ClusterAttributes, clusterDefaults, overlay } from './attributes'

/** The cluster's own attributes: they belong to no node, so this room keeps them, in a file of the data directory. */
export interface ClusterAttributeStore {
  get(): ClusterAttributes
  set(changes: Record<string, unknown>): void
}

export function openClusterAttributes(context: LabContext, shape: LabShape): ClusterAttributeStore {
  const directory = join(context.dataDir, 'aws')
  const file = join(directory, 'cluster.json')
  let changes = read(file)
  return {
    get: () => overlay(clusterDefaults(shape, context.cluster.region), changes),
    set(more) {
      changes = { ...changes, ...more }
      mkdirSync(directory, { recursive: true })
      // Renamed into place, so that a lab killed here finds either the old or the new one.
      writeFileSync(`${file}.next`, JSON.stringify(changes, null, 2))
      renameSync(`${file}.next`, file)
    },
  }
}

function read(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
