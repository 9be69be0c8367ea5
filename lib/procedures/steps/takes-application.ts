import { PortError } from '../../ports/port-error'
import type { World } from '../contract'

/** May the application log in there? Null where nobody can say: there is no role that may look, or the node is away. */
export async function takesApplication(world: World, address: { host: string; port: number }): Promise<boolean | null> {
  try {
    const look = await world.lookAtFence(address)
    return look && look.canLogin.length > 0
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return null
  }
}
