/** What IAM answers to a simulation, as its API reference shows it, and roles whose session names lack their path. */
import { expect, test } from 'vitest'
import { startRds, xml } from './testing'

const arn = 'arn:aws:rds:us-west-2:1:cluster:c'
const reply = (operation: string, inner: string) =>
  `<${operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${operation}Result>${inner}</${operation}Result><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></${operation}Response>`
const evaluated = (action: string, inner: string) =>
  `<member><EvalActionName>rds:${action}</EvalActionName>${inner}</member>`
const simulation = (results: string, more = '<IsTruncated>false</IsTruncated>') =>
  reply('SimulatePrincipalPolicy', `<EvaluationResults>${results}</EvaluationResults>${more}`)

/** Asks for two operations on one cluster; the answer to each request is what `answer` makes of its form. */
async function simulated(principal: string, answer: (form: URLSearchParams) => { status: number; body: string }) {
  const { rds, requests, stop } = await startRds(
    ({ form }, response) => {
      const { status, body } = answer(form)
      xml(response, status, body)
    },
    { drRegion: 'us-west-2' },
  )
  try {
    const operations = ['FailoverDBCluster', 'ModifyDBCluster']
    const rights = await rds.simulate(
      principal,
      operations.map((operation) => ({ operation, resource: arn })),
    )
    return { rights, requests: requests.map(({ form }) => form) }
  } finally {
    stop()
  }
}

test('a resource has its own decision, its boundary and the values that were missing for it', async () => {
  const specific = `<EvalDecision>allowed</EvalDecision><ResourceSpecificResults><member><EvalResourceName>${arn}</EvalResourceName><EvalResourceDecision>implicitDeny</EvalResourceDecision><MissingContextValues><member>aws:ResourceTag/a</member></MissingContextValues><PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail></member></ResourceSpecificResults>`
  const whole =
    '<EvalDecision>explicitDeny</EvalDecision><OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>'
  const pages = [
    simulation(evaluated('FailoverDBCluster', specific), '<IsTruncated>true</IsTruncated><Marker>next</Marker>'),
    simulation(evaluated('ModifyDBCluster', whole)),
  ]
  const { rights, requests } = await simulated('arn:aws:iam::1:user/u', () => ({
    status: 200,
    body: pages.shift() ?? '',
  }))
  expect(requests.map((form) => form.get('Marker'))).toEqual([null, 'next'])
  expect(requests[0]?.get('ActionNames.member.2')).toBe('rds:ModifyDBCluster')
  expect(rights).toEqual([
    {
      ...{ operation: 'FailoverDBCluster', resource: arn, decision: 'implicit-deny', boundaryAllows: false },
      ...{ organisationAllows: true, missingContext: ['aws:ResourceTag/a'] },
    },
    {
      ...{ operation: 'ModifyDBCluster', resource: arn, decision: 'explicit-deny', boundaryAllows: true },
      ...{ organisationAllows: false, missingContext: [] },
    },
  ])
})

test('a role that IAM does not know by its name alone is asked for with its path', async () => {
  const path = 'arn:aws:iam::1:role/aws-reserved/sso/Ops'
  const { rights, requests } = await simulated('arn:aws:iam::1:role/Ops', (form) => {
    if (form.get('Action') === 'GetRole')
      return {
        status: 200,
        body: reply(
          'GetRole',
          `<Role><Path>/aws-reserved/sso/</Path><RoleName>Ops</RoleName><RoleId>A</RoleId><Arn>${path}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>`,
        ),
      }
    if (form.get('PolicySourceArn') !== path)
      return {
        status: 404,
        body: '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no</Message></Error><RequestId>id</RequestId></ErrorResponse>',
      }
    return {
      status: 200,
      body: simulation(
        ['FailoverDBCluster', 'ModifyDBCluster']
          .map((action) => evaluated(action, '<EvalDecision>allowed</EvalDecision>'))
          .join(''),
      ),
    }
  })
  expect(rights.map((right) => right.decision)).toEqual(['allowed', 'allowed'])
  expect(requests.map((form) => form.get('RoleName') ?? form.get('PolicySourceArn'))).toEqual([
    'arn:aws:iam::1:role/Ops',
    'Ops',
    path,
  ])
})

test('a decision that is none is not known, and never allowed', async () => {
  await expect(
    simulated('arn:aws:iam::1:user/u', () => ({
      status: 200,
      body: simulation(evaluated('FailoverDBCluster', '<EvalDecision>perhaps</EvalDecision>')),
    })),
  ).rejects.toThrow('AWS IAM')
})
