import { type ApiFault, type Denial, denials, type LabFault, LabStateError } from '../contract'
import type { ApiFaultId, ArmedApiFaults } from './api-faults'
import { spoils } from './spoilt-reply'

type Parameters_ = Record<string, number | string>
type Parameter = LabFault['parameters'][number]

const calls: Parameter = { name: 'calls', title: 'Calls (0 = until healed)', type: 'number', default: 0 }
const operation: Parameter = { name: 'operation', title: 'Operation (empty = every)', type: 'text', default: '' }
const services = [
  { id: 'rds', title: 'RDS' },
  { id: 'sts', title: 'STS' },
  { id: 's3', title: 'S3' },
  { id: 'kubernetes', title: 'Kubernetes' },
  { id: 'route53', title: 'Route 53' },
  { id: 'health', title: 'AWS Health' },
] as const

const limits = (parameters: Parameters_) => ({
  calls: Number(parameters.calls) > 0 ? Number(parameters.calls) : null,
  operation: String(parameters.operation ?? '') || null,
})
const moment = (parameters: Parameters_) => (parameters.when === 'after' ? ('after' as const) : ('before' as const))
const when: Parameter = { name: 'when', title: 'Before or after the effect', type: 'text', default: 'before' }

/** Faults that the API's front doors ask for at each call. */
export function apiCatalogue(faults: ArmedApiFaults): LabFault[] {
  const make = (
    id: ApiFaultId,
    title: string,
    parameters: Parameter[],
    build: (parameters: Parameters_) => ApiFault,
  ): LabFault => ({
    id,
    title,
    group: 'AWS API',
    targets: () => services.map((service) => ({ ...service })),
    parameters,
    async start(target, given) {
      const service = services.find((candidate) => candidate.id === target)?.id ?? 'rds'
      // A person who says RDS means AWS: all answer at one front door.
      faults.arm(id, service === 'rds' ? ['rds', 'sts', 'iam'] : [service], build(given))
    },
    async heal() {
      faults.disarm(id)
    },
  })
  return [
    make('api-hang', 'API calls hang', [when, calls, operation], (p) => ({
      kind: 'hang',
      when: moment(p),
      ...limits(p),
    })),
    make('api-500', 'API answers 500', [when, calls, operation], (p) => ({
      kind: 'error-500',
      when: moment(p),
      ...limits(p),
    })),
    make('api-throttle', 'API throttles', [calls, operation], (p) => ({ kind: 'throttle', ...limits(p) })),
    make(
      'api-reply-lost',
      'API reply lost after the effect',
      [
        { ...calls, default: 1 },
        { ...operation, default: 'FailoverDBCluster' },
      ],
      (p) => ({ kind: 'reset', when: 'after', ...limits(p) }),
    ),
    ...spoils.map(({ how, title }) =>
      make(
        `api-reply-${how}`,
        `API reply ${title}, after the effect`,
        [
          { ...calls, default: 1 },
          { ...operation, default: 'FailoverDBCluster' },
        ],
        (p) => ({ kind: 'spoilt-reply', how, when: 'after', ...limits(p) }),
      ),
    ),
    make('expired-token', 'API credentials expired', [calls], (p) => ({ kind: 'expired-token', ...limits(p) })),
    {
      ...make(
        'stale-describes',
        'API describes an old state',
        [{ name: 'seconds', title: 'For how long, seconds', type: 'number', default: 20 }],
        (p) => ({ kind: 'stale-describes', forMs: Number(p.seconds) * 1000 }),
      ),
      targets: () => [],
    },
    permissionDenied(faults),
  ]
}

/** Takes permissions of the lab's caller away: IAM says so when it is asked, and the operations are refused. */
function permissionDenied(faults: ArmedApiFaults): LabFault {
  return {
    id: 'permission-denied',
    title: 'IAM permission taken away',
    group: 'AWS API',
    targets: () => [],
    parameters: [
      { name: 'actions', title: 'Actions, by comma', type: 'text', default: 'rds:FailoverDBCluster' },
      { name: 'how', title: `Denied by (${denials.join(', ')})`, type: 'text', default: 'implicit' },
    ],
    async start(_, { actions, how }) {
      const named = String(actions)
        .split(',')
        .map((action) => action.trim())
      const wrong = named.find((action) => !/^[a-z0-9-]+:[A-Za-z0-9]+$/.test(action))
      if (wrong !== undefined)
        throw new LabStateError('BadParameter', `"${wrong}" is no action; write it like rds:FailoverDBCluster.`)
      const denial = denials.find((one): one is Denial => one === how)
      if (!denial) throw new LabStateError('BadParameter', `how must be one of ${denials.join(', ')}.`)
      faults.deny(named, denial)
    },
    async heal() {
      faults.deny([], 'implicit')
    },
  }
}
