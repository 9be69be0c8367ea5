import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const kept = globalThis as { warroomBuild?: string }

/**
 * Which build this process runs: what Next wrote when it built, read once, because a build in place replaces the file
 * under a process that still runs the old one. 'unbuilt' in development.
 */
export function buildId(): string {
  if (kept.warroomBuild === undefined) {
    try {
      kept.warroomBuild = readFileSync(join(process.env.NEXT_DIST_DIR ?? '.next', 'BUILD_ID'), 'utf8').trim()
    } catch {
      kept.warroomBuild = 'unbuilt'
    }
  }
  return kept.warroomBuild
}
