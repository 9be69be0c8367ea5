import { registerAws } from './aws/index'
import type { Lab } from './contract'
import { registerKubernetes } from './kubernetes/index'
import { poolerAdmin, poolerPassword, registerPooler } from './pooler/index'
import { registerPrometheus } from './prometheus/index'
import { registerWorkload } from './workload/index'
import { roomsOf } from './workload/rooms'

/** Adds every room of the lab, in the order in which they need each other. */
export function registerRooms(lab: Lab): void {
  registerAws(lab)
  registerPooler(lab)
  registerWorkload(lab)
  registerKubernetes(lab)
  registerPrometheus(lab)
  const { present, address } = roomsOf(lab).pooler
  if (present && address)
    lab.describe({ pooler: { ...address, user: poolerAdmin, password: poolerPassword(lab.secrets.token) } })
}
