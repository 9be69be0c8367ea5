import type { LoadProgress, LoadRequest, LoadResult } from '../../ports/backup-loader'

/** What the runner tells the loading program; the first message is its order. Passwords go this way, and no other. */
export type ToLoader =
  | { kind: 'load'; request: LoadRequest }
  | { kind: 'roles'; request: Omit<LoadRequest, 'needs'> }
  | { kind: 'cancel' }

export type FromLoader =
  | { kind: 'progress'; progress: LoadProgress }
  | { kind: 'result'; result: LoadResult; created: readonly string[] }
