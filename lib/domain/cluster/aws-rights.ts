/**
 * What the policies of an AWS identity allow, as `iam:SimulatePrincipalPolicy` answers it (IAM API reference 2010-05-08). A
 * simulation reads policies, permissions boundary and service control policies; it does not read the tags of a resource or the
 * address of the caller: a refusal that depends on such a value is not certain, and IAM names the values that it lacked.
 */

/** What an operation is sent to: of RDS by its name, of a service without regions by the rest of its ARN. */
type RightResource =
  | { kind: 'cluster' | 'db'; name: string; region?: string }
  | { kind: 'global'; rest: `${'route53' | 's3'}:::${string}` }

/** An operation that a run may send, and what it is sent to. */
export interface NeededRight {
  /** Of RDS; of another service with that in front: "route53:UpdateHealthCheck". */
  operation: string
  resource: RightResource
  /** What happens when it is denied, in a sentence; null when the run cannot do its work without it. */
  without: string | null
}

export interface AskedRight {
  operation: string
  /** ARN. */
  resource: string
}

export interface SimulatedRight extends AskedRight {
  decision: 'allowed' | 'explicit-deny' | 'implicit-deny'
  /** False when the permissions boundary, or a policy of the organisation, is what does not allow it. */
  boundaryAllows: boolean
  organisationAllows: boolean
  /** Condition keys that the policies ask for and the simulation did not have. */
  missingContext: readonly string[]
}

/** The ARN of a cluster or an instance, in the partition of the identity that asks. */
export function rdsArn(
  identity: string,
  region: string,
  account: string,
  { kind, name }: { kind: 'cluster' | 'db'; name: string },
): string {
  return `arn:${identity.split(':')[1] || 'aws'}:rds:${region}:${account}:${kind}:${name}`
}

/** The ARN of whatever an operation is sent to; `region` where the resource names none. */
export function arnOfRight(
  identity: string,
  home: { region: string; accountId: string },
  resource: RightResource,
): string {
  if (resource.kind === 'global') return `arn:${identity.split(':')[1] || 'aws'}:${resource.rest}`
  return rdsArn(identity, resource.region ?? home.region, home.accountId, resource)
}

/** The operation as an API calls it, without its service. */
export const bareOperation = (operation: string): string => operation.replace(/^[a-z0-9]+:/, '')

/**
 * The user or role whose policies apply to an identity as STS names it; null when it has none of its own that could be
 * simulated: the account's root, or a federated user. The name of an assumed role comes without the role's path.
 */
export function principalOf(identity: string): string | null {
  const [, partition, service, , account, ...rest] = identity.split(':')
  const name = rest.join(':')
  if (service === 'iam' && /^(user|role)\/./.test(name)) return identity
  const role = service === 'sts' ? /^assumed-role\/([^/]+)\//.exec(name)?.[1] : undefined
  return role ? `arn:${partition}:iam::${account}:role/${role}` : null
}

/**
 * What an identity as STS names it has in common with every session of the same role: a new session has the same policies. It ends
 * in `/` where the name of the session follows; anything else is the whole identity.
 */
export function identityOf(identity: string): string {
  return /^(arn:[^:]*:sts:.*:assumed-role\/[^/]+\/)[^/]+$/.exec(identity)?.[1] ?? identity
}

/** Why it is denied for certain, in words; null when it is allowed, or when that cannot be known from a simulation. */
function deniedBecause(right: SimulatedRight): string | null {
  switch (right.decision) {
    case 'allowed':
      return null
    case 'explicit-deny':
      if (!right.organisationAllows) return 'a service control policy denies it'
      return right.missingContext.length > 0 ? null : 'a policy denies it explicitly'
    case 'implicit-deny':
      if (!right.organisationAllows) return 'no service control policy allows it'
      if (right.missingContext.length > 0) return null
      return right.boundaryAllows ? 'no policy allows it' : 'the permissions boundary does not allow it'
  }
}

interface RightsVerdict {
  result: 'pass' | 'warn' | 'block'
  /** One sentence for each operation that is not allowed for certain. */
  says: string[]
}

/** Judges what a simulation answered: what is denied for certain blocks, unless the run can do without it. */
export function judgeRights(needed: (NeededRight & { arn: string })[], simulated: SimulatedRight[]): RightsVerdict {
  const judged = needed.map((right): RightsVerdict => {
    const { operation, arn, without } = right
    const of = simulated.find((one) => one.operation === operation && one.resource === arn)
    if (!of) return { result: 'warn', says: [`IAM did not say whether ${operation} is allowed on ${arn}.`] }
    const why = deniedBecause(of)
    if (why)
      return {
        result: without === null ? 'block' : 'warn',
        says: [`${operation} is denied on ${arn}: ${why}.${without === null ? '' : ` ${without}`}`],
      }
    if (of.decision === 'allowed') return { result: 'pass', says: [] }
    return {
      result: 'warn',
      says: [
        `${operation} may be denied on ${arn}: a policy depends on ${of.missingContext.join(', ')}, which IAM cannot simulate.`,
      ],
    }
  })
  const results = judged.map((one) => one.result)
  return {
    result: results.includes('block') ? 'block' : results.includes('warn') ? 'warn' : 'pass',
    says: judged.flatMap((one) => one.says),
  }
}
