import type { Drive } from './drive'
import { cutOver, extractRows, inspect } from './point-in-time'
import { failover } from './primary-failover'
import { recoverElsewhere } from './region-recovery'
import { removeCopy } from './remove-copy'
import { cutOverToBackup, inspectBackup } from './s3-restore'
import { failBack, rebuildReplica } from './way-home'

/** Every procedure of the catalogue is here at least once (every-procedure-is-driven.test.ts). */
export const drives: readonly Drive[] = [
  failover,
  inspect,
  extractRows,
  cutOver,
  recoverElsewhere,
  inspectBackup,
  cutOverToBackup,
  removeCopy,
  rebuildReplica,
  failBack,
]
