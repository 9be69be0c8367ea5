import { registerAws } from './aws/index'
import { registerBackups } from './backups/index'
import type { BackupJob } from './backups/job'
import type { Lab } from './contract'
import { registerHealth } from './health/index'
import { registerKubernetes } from './kubernetes/index'
import { registerNames } from './names/index'
import { poolerAdmin, poolerPassword, registerPooler } from './pooler/index'
import { labPoolers } from './ports'
import { registerAuroraFunctions } from './postgres/aurora-functions'
import { registerPrometheus } from './prometheus/index'
import { registerReceivers } from './receivers/index'
import { registerWorkload } from './workload/index'
import { roomsOf } from './workload/rooms'

/** Adds every room of the lab, in the order in which they must be set together; `webhookUrl` takes the pager's answers. Answers the backup job. */
export function registerRooms(lab: Lab, webhookUrl: string | null = null): { backups: BackupJob } {
  registerAuroraFunctions(lab)
  registerAws(lab)
  const backups = registerBackups(lab)
  registerHealth(lab)
  registerNames(lab, (region) => roomsOf(lab).readyPods(region))
  registerPooler(lab)
  registerWorkload(lab)
  registerKubernetes(lab)
  registerPrometheus(lab)
  registerReceivers(lab, webhookUrl)
  const { address } = roomsOf(lab).pooler
  if (!address) return { backups }
  const login = { user: poolerAdmin, password: poolerPassword(lab.secrets.token) }
  const poolers = labPoolers.map(({ name, front }) => ({ name, host: front, port: address.port, ...login }))
  lab.describe({ pooler: poolers[0], poolers, poolerService: address })
  return { backups }
}
