import {
  type EvaluationResult,
  GetRoleCommand,
  type IAMClient,
  NoSuchEntityException,
  paginateSimulatePrincipalPolicy,
} from '@aws-sdk/client-iam'
import type { AskedRight, SimulatedRight } from '../../domain/cluster/aws-rights'
import { unreadableAnswer } from '../../ports/outcome'

/** Asks IAM what the policies of a user or role allow, resource by resource. Throws what the SDK throws, and PortError. */
export async function simulateRights(
  iam: IAMClient,
  principal: string,
  asked: AskedRight[],
  abortSignal: AbortSignal,
): Promise<SimulatedRight[]> {
  try {
    return await simulateFor(iam, principal, asked, abortSignal)
  } catch (error) {
    const role = /:role\/([^/]+)$/.exec(principal)?.[1]
    if (!(error instanceof NoSuchEntityException) || !role) throw error
    // A session's ARN lacks the path of its role (`/aws-reserved/sso.amazonaws.com/` for example); its name is unique without it.
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: role }), { abortSignal })
    if (!Role?.Arn) throw unreadableAnswer('AWS IAM', 200, false)
    return await simulateFor(iam, Role.Arn, asked, abortSignal)
  }
}

async function simulateFor(
  iam: IAMClient,
  principal: string,
  asked: AskedRight[],
  abortSignal: AbortSignal,
): Promise<SimulatedRight[]> {
  const resources = [...new Set(asked.map((right) => right.resource))]
  const found = await Promise.all(
    resources.map(async (resource) => {
      const operations = asked.filter((right) => right.resource === resource).map((right) => right.operation)
      const pages = paginateSimulatePrincipalPolicy(
        { client: iam },
        {
          PolicySourceArn: principal,
          ActionNames: operations.map((operation) => (operation.includes(':') ? operation : `rds:${operation}`)),
          ResourceArns: [resource],
        },
        { abortSignal },
      )
      const rights: SimulatedRight[] = []
      for await (const { EvaluationResults } of pages) {
        if (!EvaluationResults) throw unreadableAnswer('AWS IAM', 200, false)
        rights.push(...EvaluationResults.map((one) => toRight(one, resource)))
      }
      return rights
    }),
  )
  return found.flat()
}

/** A resource that was named has its own result; older answers have only the one of the operation. */
function toRight(result: EvaluationResult, resource: string): SimulatedRight {
  const own = result.ResourceSpecificResults?.find((one) => one.EvalResourceName === resource)
  const boundary = own?.PermissionsBoundaryDecisionDetail ?? result.PermissionsBoundaryDecisionDetail
  return {
    operation: (result.EvalActionName ?? '').replace(/^rds:/, ''),
    resource,
    decision: decisionOf(own?.EvalResourceDecision ?? result.EvalDecision),
    boundaryAllows: boundary?.AllowedByPermissionsBoundary ?? true,
    organisationAllows: result.OrganizationsDecisionDetail?.AllowedByOrganizations ?? true,
    missingContext: [...new Set([...(own?.MissingContextValues ?? []), ...(result.MissingContextValues ?? [])])],
  }
}

function decisionOf(decision: EvaluationResult['EvalDecision']): SimulatedRight['decision'] {
  switch (decision) {
    case 'allowed':
      return 'allowed'
    case 'explicitDeny':
      return 'explicit-deny'
    case 'implicitDeny':
      return 'implicit-deny'
    default:
      throw unreadableAnswer('AWS IAM', 200, false)
  }
}
