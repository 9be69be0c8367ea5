/**
 * IAM as far as a caller learns from it what it may do: SimulatePrincipalPolicy over what the lab's one user is allowed, which
 * is everything but the permissions that a fault has taken away. The same denials refuse the operations themselves.
 */
import type { ApiFaults, Denial } from '../contract'
import { AwsError } from './errors'
import { labAccountId, labCallerArn } from './names'
import type { Parameters } from './parameters'
import { labRole } from './sessions'
import { type XmlStructure, xmlList } from './xml'

/** The refusal of an operation that the caller has no permission for, in the sentence that AWS gives. */
export function accessDenied(action: string, resource: string, how: Denial): AwsError {
  const because = {
    implicit: `no identity-based policy allows the ${action} action`,
    explicit: `of an explicit deny in an identity-based policy`,
    boundary: `no permissions boundary allows the ${action} action`,
    organization: `no service control policy allows the ${action} action`,
  }[how]
  return new AwsError(
    'AccessDenied',
    `User: ${labCallerArn} is not authorized to perform: ${action} on resource: ${resource} because ${because}`,
  )
}

/** Throws AwsError: AccessDenied, NoSuchEntity, InvalidInput, ValidationError. */
export function simulatePrincipalPolicy(faults: ApiFaults, parameters: Parameters): XmlStructure {
  const source = parameters.text('PolicySourceArn')
  const actions = parameters.texts('ActionNames') ?? []
  if (!source || actions.length === 0)
    throw new AwsError('ValidationError', 'policySourceArn and actionNames must be given.')
  const malformed = actions.find((action) => !/^[a-z0-9-]+:[A-Za-z0-9]+$/.test(action))
  if (malformed) throw new AwsError('InvalidInput', `Invalid Input Action Name: ${malformed}`)
  const [kind, name] = readPrincipal(source)
  if (source !== labCallerArn && source !== labRole.arn)
    throw new AwsError('NoSuchEntity', `The ${kind} with name ${name} cannot be found.`)
  const resources = parameters.texts('ResourceArns') ?? []
  return {
    EvaluationResults: xmlList(
      'member',
      actions.map((action) => evaluation(action, resources, faults.denied(action))),
    ),
    IsTruncated: false,
  }
}

function readPrincipal(arn: string): [kind: string, name: string] {
  const match = new RegExp(`^arn:aws:iam::${labAccountId}:(user|group|role)/(?:.*/)?([^/]+)$`).exec(arn)
  if (!match?.[1] || !match[2]) throw new AwsError('InvalidInput', `Invalid Entity Arn: ${arn}`)
  return [match[1], match[2]]
}

/** One result for each action; what holds for each resource that was named stands apart, as in IAM's own answers. */
function evaluation(action: string, resources: string[], denial: Denial | null): XmlStructure {
  const decision = denial === null ? 'allowed' : denial === 'explicit' ? 'explicitDeny' : 'implicitDeny'
  const statement = { SourcePolicyId: 'castmatch-war-room', SourcePolicyType: 'IAM Policy' }
  const matched = xmlList('member', denial === null || denial === 'explicit' ? [statement] : [])
  const missing = xmlList('member', [])
  const boundary =
    denial === 'boundary' ? { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } } : {}
  const named = resources.filter((resource) => resource !== '*')
  return {
    EvalActionName: action,
    EvalResourceName: '*',
    EvalDecision: decision,
    MatchedStatements: matched,
    MissingContextValues: missing,
    ...(denial === 'organization' ? { OrganizationsDecisionDetail: { AllowedByOrganizations: false } } : {}),
    ...boundary,
    ...(named.length > 0
      ? {
          ResourceSpecificResults: xmlList(
            'member',
            named.map((resource) => ({
              EvalResourceName: resource,
              EvalResourceDecision: decision,
              MatchedStatements: matched,
              MissingContextValues: missing,
              ...boundary,
            })),
          ),
        }
      : {}),
  }
}
