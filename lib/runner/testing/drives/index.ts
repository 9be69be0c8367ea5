import type { Drive } from './drive'
import { failBack } from './fail-back'
import { cutOver, extractRows, inspect } from './point-in-time'
import { failover } from './primary-failover'
import { rebuildReplica } from './rebuild-replica'
import { recoverElsewhere } from './region-recovery'
import { removeCopy } from './remove-copy'
import { cutOverToBackup, inspectBackup } from './s3-restore'

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
