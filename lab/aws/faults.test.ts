/** Bad days of the API itself: who is let in, what a lost reply leaves behind, and answers that are old. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  DescribeDBClustersCommand,
  DescribeEventsCommand,
  FailoverDBClusterCommand,
  ModifyDBInstanceCommand,
  RDSClient,
} from '@aws-sdk/client-rds'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LabDouble, startLabDouble } from './lab-double'
import { labAccountId, labCallerArn } from './names'
import { labRole } from './sessions'

let lab: LabDouble
let client: RDSClient
const clusterId = 'castmatch-prod-cluster'
const failover = () => new FailoverDBClusterCommand({ DBClusterIdentifier: clusterId })

beforeEach(async () => {
  lab = await startLabDouble()
  client = new RDSClient(options())
})
afterEach(async () => {
  client.destroy()
  await lab.stop()
})

function options(over: object = {}) {
  return { endpoint: lab.endpoint, region: 'us-west-2', credentials: lab.credentials, maxAttempts: 1, ...over }
}

function post(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(lab.endpoint, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  })
}

test('the caller learns who it is', async () => {
  const identity = await new STSClient(options()).send(new GetCallerIdentityCommand({}))
  expect(identity).toMatchObject({ Account: labAccountId, Arn: labCallerArn })
  expect(identity.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
})

test.each([
  ['another key id', { accessKeyId: 'AKIAANOTHER' }, 'InvalidClientTokenId'],
  ['another secret', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
  ['a session token', { sessionToken: 'made up' }, 'InvalidClientTokenId'],
])('%s is refused, and the attempt is logged', async (_what, wrong, name) => {
  const stranger = new RDSClient(options({ credentials: { ...lab.credentials, ...wrong } }))
  await expect(stranger.send(failover())).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } })
  expect(lab.cluster.calls).toEqual([])
  expect(lab.log).toMatchObject([{ operation: 'FailoverDBCluster', effective: false, answered: 'error', status: 403 }])
})

test('a session of a role is its own caller until its token expires', async () => {
  const sts = new STSClient(options())
  const assumed = { RoleArn: labRole.arn, RoleSessionName: 'i-0abc', DurationSeconds: 900 }
  const { Credentials } = await sts.send(new AssumeRoleCommand(assumed))
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = Credentials ?? {}
  expect(Expiration?.getTime()).toBeGreaterThan(Date.now())
  const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  const session = new STSClient(options({ credentials: keys }))
  const { Arn } = await session.send(new GetCallerIdentityCommand({}))
  expect(Arn).toBe(`arn:aws:sts::${labAccountId}:assumed-role/${labRole.name}/i-0abc`)
  const { sessionToken: _, ...without } = keys
  for (const wrong of [without, { ...keys, sessionToken: 'another' }])
    await expect(
      new STSClient(options({ credentials: wrong })).send(new GetCallerIdentityCommand({})),
    ).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  vi.useFakeTimers({ toFake: ['Date'], now: (Expiration?.getTime() ?? 0) + 1000 })
  try {
    await expect(session.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' })
  } finally {
    vi.useRealTimers()
  }
  await expect(sts.send(new AssumeRoleCommand({ ...assumed, RoleArn: `${labRole.arn}-2` }))).rejects.toMatchObject({
    name: 'AccessDenied',
  })
})

test('a clock that is ten minutes off is told so', async () => {
  const late = new RDSClient(options({ systemClockOffset: -10 * 60_000 }))
  await expect(late.send(failover())).rejects.toMatchObject({ name: 'RequestExpired' })
})

test('a request whose body was changed after signing is refused', async () => {
  const tamper = new RDSClient(options())
  tamper.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string; headers: Record<string, string> }
      request.body = request.body.replace(clusterId, 'castmatch-prod-clustex')
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'low' },
  )
  await expect(tamper.send(failover())).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' })
})

test('unsigned and half-signed requests get the service’s own words', async () => {
  const unsigned = await post({ Action: 'DescribeDBClusters', Version: '2014-10-31' })
  expect(unsigned.status).toBe(403)
  expect(await unsigned.text()).toContain('<Code>MissingAuthenticationToken</Code>')
  const half = await post({ Action: 'DescribeDBClusters' }, { authorization: 'AWS4-HMAC-SHA256 Credential=a/b' })
  expect(half.status).toBe(400)
  expect(await half.text()).toContain('<Code>IncompleteSignature</Code>')
})

test('requests of other services and other paths are left to other rooms', async () => {
  const scope = 'AWS4-HMAC-SHA256 Credential=k/20260101/us-west-2/s3/aws4_request, SignedHeaders=host, Signature=00'
  expect(await (await post({}, { authorization: scope })).text()).toBe('nobody answered')
  expect(await (await fetch(`${lab.endpoint}/api/v1/pods`)).text()).toBe('nobody answered')
})

test('an unknown action is refused as invalid', async () => {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string; headers: Record<string, string> }
      request.body = request.body.replace('Action=FailoverDBCluster', 'Action=MakeCoffee')
      request.headers['content-length'] = String(request.body.length)
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  await expect(client.send(failover())).rejects.toMatchObject({
    name: 'InvalidAction',
    $metadata: { httpStatusCode: 400 },
  })
})

test('a reply lost after the effect: the caller knows nothing, the log knows', async () => {
  lab.faults.push({ kind: 'reset', when: 'after', calls: 1, operation: 'FailoverDBCluster' })
  await expect(client.send(failover())).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(lab.cluster.calls).toEqual([['failover', null]])
  expect(lab.log).toMatchObject([{ effective: true, answered: 'none', status: null }])
})

test.each([
  ['cut', { code: 'ECONNRESET' }],
  ['garbage', { $metadata: { httpStatusCode: 200 } }],
] as const)('a reply that is spoilt (%s) fails its caller after the effect, once', async (how, error) => {
  lab.faults.push({ kind: 'spoilt-reply', how, when: 'after', calls: 1, operation: 'FailoverDBCluster' })
  await expect(client.send(failover())).rejects.toMatchObject(error)
  expect(lab.cluster.calls).toEqual([['failover', null]])
  expect(lab.log).toMatchObject([{ effective: true, answered: 'none', status: 200 }])
})

test('a reply that is emptied looks like a success to the SDK, and holds nothing', async () => {
  lab.faults.push({ kind: 'spoilt-reply', how: 'empty', when: 'after', calls: 1, operation: 'FailoverDBCluster' })
  expect(await client.send(failover())).toEqual({ $metadata: expect.anything() })
  expect(lab.cluster.calls).toEqual([['failover', null]])
  expect(lab.log).toMatchObject([{ effective: true, answered: 'none', status: 200 }])
})

test('a connection reset before the effect changes nothing', async () => {
  lab.faults.push({ kind: 'reset', when: 'before', calls: 1, operation: null })
  await expect(client.send(failover())).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(lab.cluster.calls).toEqual([])
  expect(lab.log).toMatchObject([{ effective: false, answered: 'none' }])
})

test.each(['before', 'after'] as const)('an internal failure %s the effect is a 500', async (when) => {
  lab.faults.push({ kind: 'error-500', when, calls: 1, operation: null })
  await expect(client.send(failover())).rejects.toMatchObject({
    name: 'InternalFailure',
    $metadata: { httpStatusCode: 500 },
  })
  expect(lab.cluster.calls.length).toBe(when === 'after' ? 1 : 0)
  expect(lab.log).toMatchObject([{ effective: when === 'after', answered: 'error', status: 500 }])
})

test('a hung call keeps its caller waiting while its effect stands', async () => {
  lab.faults.push({ kind: 'hang', when: 'after', calls: 1, operation: null })
  const handler = new NodeHttpHandler({ requestTimeout: 150, throwOnRequestTimeout: true })
  const patient = new RDSClient(options({ requestHandler: handler }))
  await expect(patient.send(failover())).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(lab.cluster.calls.length).toBe(1)
  expect(lab.log).toMatchObject([{ effective: true, answered: 'none', status: null }])
  await expect(client.send(new DescribeDBClustersCommand({}))).resolves.toBeDefined()
})

test.each([
  ['throttle', 'Throttling', 400],
  ['expired-token', 'ExpiredToken', 403],
] as const)('%s is answered as %s and nothing happens', async (kind, name, httpStatusCode) => {
  lab.faults.push({ kind, calls: 1, operation: null })
  await expect(client.send(failover())).rejects.toMatchObject({ name, $metadata: { httpStatusCode } })
  expect(lab.cluster.calls).toEqual([])
  await expect(client.send(failover())).resolves.toBeDefined()
})

test('stale describes tell the roles and events of before, and the truth again afterwards', async () => {
  const writer = async () => {
    const { DBClusters } = await client.send(new DescribeDBClustersCommand({}))
    return DBClusters?.[0]?.DBClusterMembers?.find((member) => member.IsClusterWriter)?.DBInstanceIdentifier
  }
  lab.stale.since = Date.now()
  lab.cluster.recorded.push({
    at: lab.stale.since + 1,
    sourceId: clusterId,
    sourceType: 'db-cluster',
    message: 'Completed failover to DB instance: castmatch-prod-replica-1',
    categories: ['failover'],
  })
  // The failover itself is not held back, and neither is its own reply.
  const { DBCluster } = await client.send(failover())
  expect(DBCluster?.Status).toBe('failing-over')
  lab.cluster.completeFailover('castmatch-prod-replica-1')
  expect(await writer()).toBe('castmatch-prod-primary')
  expect((await client.send(new DescribeEventsCommand({}))).Events).toEqual([])
  lab.stale.since = null
  expect(await writer()).toBe('castmatch-prod-replica-1')
})

test('a change that is refused by a broken cluster room is an internal failure, not a crash', async () => {
  lab.cluster.modify = () => {
    throw new TypeError('a programming error')
  }
  const change = new ModifyDBInstanceCommand({
    DBInstanceIdentifier: 'castmatch-prod-replica-1',
    DeletionProtection: false,
  })
  await expect(client.send(change)).rejects.toMatchObject({ name: 'InternalFailure' })
  expect(lab.log).toMatchObject([{ effective: false, answered: 'error', status: 500 }])
})

test('a request that is far too large is refused', async () => {
  const socket = connect(Number(new URL(lab.endpoint).port), '127.0.0.1')
  await once(socket, 'connect')
  const scope = 'AWS4-HMAC-SHA256 Credential=k/20260101/us-west-2/rds/aws4_request, SignedHeaders=host, Signature=00'
  const body = `Action=${'x'.repeat(1_100_000)}`
  socket.end(
    `POST / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nAuthorization: ${scope}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /)
})
