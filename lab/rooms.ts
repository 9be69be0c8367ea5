import { registerAws } from './aws/index'
import { registerBackups } from './backups/index'
import type { Lab } from './contract'
import { registerKubernetes } from './kubernetes/index'
import { poolerAdmin, poolerPassword, registerPooler } from './pooler/index'
import { registerAuroraFunctions } from './postgres/aurora-functions'
import { registerPrometheus } from './prometheus/index'
import { registerReceivers } from './receivers/index'
import { registerWorkload } from './workload/index'
import { roomsOf } from './workload/rooms'

/** Adds every room of the lab, in the order in which they need each other; `webhookUrl` takes the pager's answers. */
export function registerRooms(lab: Lab, webhookUrl: string | null = null): void {
  registerAuroraFunctions(lab)
  registerAws(lab)
  registerBackups(lab)
  registerPooler(lab)
  registerWorkload(lab)
  registerKubernetes(lab)
  registerPrometheus(lab)
  registerReceivers(lab, webhookUrl)
  const { present, address } = roomsOf(lab).pooler
  if (present && address)
    lab.describe({ pooler: { ...address, user: poolerAdmin, password: poolerPassword(lab.secrets.token) } })
}
