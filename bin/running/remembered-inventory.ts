import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Inventory } from '../../lib/collector/inventory'
import type { RunnerEnv } from '../../lib/config/env'

/** The nodes as the API last named them, in the data directory: names and addresses, no secrets. */
export function rememberedInventory(env: RunnerEnv, log: Logger) {
  const { name, aws } = env.environment
  const path = join(env.WARROOM_DATA, `inventory-${name.replace(/[^A-Za-z0-9_-]/g, '_')}-${aws.clusterId}.json`)
  return {
    load(): { at: number; inventory: Inventory } | null {
      try {
        const kept = JSON.parse(readFileSync(path, 'utf8')) as { at?: number; inventory?: Partial<Inventory> }
        const { at, inventory } = kept
        const whole = typeof at === 'number' && inventory?.cluster !== undefined && Array.isArray(inventory.instances)
        return whole ? { at, inventory: inventory as Inventory } : null
      } catch {
        return null
      }
    },
    save(at: number, inventory: Inventory): void {
      try {
        mkdirSync(env.WARROOM_DATA, { recursive: true })
        writeFileSync(`${path}.new`, JSON.stringify({ at, inventory }), { mode: 0o600 })
        renameSync(`${path}.new`, path)
      } catch (error) {
        log.warn({ err: error }, 'the list of nodes was not written down')
      }
    },
  }
}
