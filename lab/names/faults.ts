import { AwsError } from '../aws/errors'
import type { LabFault } from '../contract'
import type { HealthChecks } from './health-checks'
import type { CachingResolver } from './resolver'
import type { Zones } from './zones'

/** What is the matter with Route 53's API itself. */
export class Route53Trouble {
  down = false
  /** Calls that are refused because an earlier change is still being taken. */
  busyCalls = 0
  /** Health checks that somebody else changes right before the next update. */
  contested = new Set<string>()

  refusal(operation: string, checks: HealthChecks): AwsError | null {
    if (this.down) return new AwsError('ServiceUnavailable', 'Service is unavailable.', 503)
    if (operation === 'ChangeResourceRecordSets' && this.busyCalls > 0) {
      this.busyCalls -= 1
      return new AwsError(
        'PriorRequestNotComplete',
        'The request was rejected because Route 53 was still processing a prior request.',
      )
    }
    if (operation === 'UpdateHealthCheck') {
      for (const id of this.contested) checks.update(id, null, {})
      this.contested.clear()
    }
    return null
  }
}

export function nameFaults(
  trouble: Route53Trouble,
  { zones, checks }: { zones: Zones; checks: HealthChecks },
  resolvers: readonly { name: string; resolver: CachingResolver }[],
): LabFault[] {
  const fault = (id: string, title: string, rest: Partial<LabFault> & Pick<LabFault, 'start' | 'heal'>): LabFault => ({
    id,
    title,
    group: 'Names',
    targets: () => [],
    parameters: [],
    ...rest,
  })
  return [
    fault('names-api-down', 'Route 53 changes are not available', {
      async start() {
        trouble.down = true
      },
      async heal() {
        trouble.down = false
      },
    }),
    fault('names-change-pending', 'A name change never comes into sync', {
      parameters: [
        { name: 'answers', title: 'DNS servers answer (former or changed)', type: 'text', default: 'former' },
      ],
      async start(_target, { answers }) {
        zones.hold(answers === 'changed' ? 'served' : 'unserved')
      },
      async heal() {
        zones.hold('no')
      },
    }),
    fault('names-change-refused', 'Route 53 is busy with an earlier change', {
      parameters: [{ name: 'calls', title: 'Calls', type: 'number', default: 1 }],
      async start(_target, { calls }) {
        trouble.busyCalls = Number(calls)
      },
      async heal() {
        trouble.busyCalls = 0
      },
      holds: () => trouble.busyCalls > 0,
    }),
    fault('names-check-contested', 'Somebody else changes a health check first', {
      targets: () => checks.all().map(({ id, callerReference }) => ({ id, title: callerReference })),
      async start(target) {
        if (target !== null) trouble.contested.add(target)
      },
      async heal() {
        trouble.contested.clear()
      },
      holds: () => trouble.contested.size > 0,
    }),
    fault('names-resolver-stale', 'A resolver keeps its old answers', {
      targets: () => resolvers.map(({ name }) => ({ id: name, title: name })),
      async start(target) {
        for (const { name, resolver } of resolvers) resolver.setStubborn(name === target)
      },
      async heal() {
        for (const { resolver } of resolvers) resolver.setStubborn(false)
      },
    }),
  ]
}
