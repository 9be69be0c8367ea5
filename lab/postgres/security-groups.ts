import { defaultGroup, quarantineGroup, recoveryGroup } from '../aws/names'
import type { LinkState } from '../network/proxy'
import { applicationUser } from './seed'

/**
 * Who comes through to an instance, by its security groups. Real groups look at addresses; here, where all share one
 * machine, the account that signs in stands for where it comes from.
 */
export function pathThroughGroups({ VpcSecurityGroupIds: groups }: Record<string, unknown>): LinkState {
  if (!Array.isArray(groups) || groups.length === 0) return { kind: 'up' }
  if (groups.every((group) => group === quarantineGroup)) return { kind: 'blackhole' }
  const closedToApplication = [quarantineGroup, recoveryGroup, defaultGroup]
  if (groups.some((group) => !closedToApplication.includes(group))) return { kind: 'up' }
  return {
    kind: 'blackhole',
    only: (startup) => startup?.user === applicationUser || startup?.viaPooler === true,
  }
}
