/**
 * A change is sent to RDS, and what comes back is anything that a server, a proxy or a network can make of an answer. Nothing
 * but a modelled refusal may be written down as "nothing was changed", and nothing but the operation's own answer as accepted.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { AwsOperation } from '../../domain/procedure/call'
import { awsCalls } from '../../domain/procedure/testing/calls'
import {
  type AnsweringServer,
  brokenAnswers,
  hangingAnswers,
  outcomeOf,
  type Speech,
  startAnswering,
  wholeAnswers,
  wronglyCalled,
} from '../testing/http-answers'
import { closedPort, startFrozen, startStranger } from '../testing/never-left'
import { createRds } from './index'
import { fault, result } from './testing'

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const speechOf = (operation: AwsOperation): Speech => ({
  type: 'text/xml',
  done: result(operation, '<DBCluster><Status>failing-over</Status></DBCluster>'),
  other: result(operation === 'DeleteDBCluster' ? 'FailoverDBCluster' : 'DeleteDBCluster'),
  refused: (status) => fault(status === 404 ? 'DBClusterNotFoundFault' : 'InvalidDBClusterStateFault'),
  strange: () => fault('SomethingThatNobodyDocuments'),
})

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' }
const patient = { connectMs: 5_000, requestMs: 5_000, socketMs: 5_000, readTotalMs: 10_000 }
const hasty = { connectMs: 5_000, requestMs: 100, socketMs: 100, readTotalMs: 200 }
const open = (endpointUrl: string, more: Partial<Parameters<typeof createRds>[0]> = {}) =>
  createRds({ region: 'us-west-2', drRegion: 'us-west-2', endpointUrl, credentials, limits: patient, ...more })

let server: AnsweringServer
const clients: ReturnType<typeof open>[] = []
const client = (limits = patient) => {
  const made = open(server.url, { limits })
  clients.push(made)
  return made
}
beforeAll(async () => {
  server = await startAnswering()
})
afterAll(async () => {
  for (const one of clients) one.close()
  await server.stop()
})

describe('a change of RDS', () => {
  const failover = awsCalls.FailoverDBCluster
  const speech = speechOf('FailoverDBCluster')

  test('is called what its answer shows, for every status and body', async () => {
    const rds = client()
    expect(await wronglyCalled(server, wholeAnswers(speech), () => rds.control.execute(failover))).toEqual([])
  })

  test('is in doubt wherever its answer breaks off', async () => {
    // The SDK hears nothing of a connection that goes on in another protocol: its limit ends that one.
    const rds = client({ ...patient, requestMs: 1_500, socketMs: 1_500 })
    expect(await wronglyCalled(server, brokenAnswers(speech), () => rds.control.execute(failover))).toEqual([])
  })

  test('is in doubt wherever its answer comes to a halt', async () => {
    const rds = client(hasty)
    expect(await wronglyCalled(server, hangingAnswers(speech), () => rds.control.execute(failover))).toEqual([])
  })

  test.each(Object.values(awsCalls))('by $operation is called what its answer shows', async (call) => {
    const rds = client()
    const answers = wholeAnswers(speechOf(call.operation), [201, 302, 403, 500])
    expect(await wronglyCalled(server, answers, () => rds.control.execute(call))).toEqual([])
  })

  test.each([
    ['ServiceUnavailable', 400],
    ['InternalFailure', 400],
    ['Throttling', 503],
  ])('that fails with %s is in doubt though the status is %i', async (code, status) => {
    server.answerWith({
      name: code,
      outcome: 'unknown',
      play: (socket) => socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\n\r\n${fault(code)}`),
    })
    expect(await outcomeOf(client().control.execute(failover))).toBe('unknown')
  })

  test('over a kept connection that the server closes as it comes is in doubt', async () => {
    const rds = client()
    const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(speech.done)}\r\n\r\n${speech.done}`
    server.answerWith({ name: 'kept', outcome: 'accepted', play: (socket) => void socket.write(answer) })
    expect(await outcomeOf(rds.control.execute(failover))).toBe('accepted')
    server.answerWith({ name: 'closed', outcome: 'unknown', play: (socket) => void socket.destroy() })
    expect(await outcomeOf(rds.control.execute(failover))).toBe('unknown')
  })

  test('that a limit ends in the middle of an answer is said to be late', async () => {
    const begun = 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n<Fail'
    server.answerWith({ name: 'stalls', outcome: 'unknown', play: (socket) => void socket.write(begun) })
    await expect(client(hasty).control.execute(failover)).rejects.toMatchObject({
      errorClass: 'timeout',
      message: 'RDS in us-west-2 did not respond in time.',
      detail: { outcome: 'unknown', probe: 'timeout' },
    })
  })
})

describe('a change that certainly never left is refused', () => {
  const refused = async (endpoint: string, more: Partial<Parameters<typeof createRds>[0]> = {}) => {
    const rds = open(endpoint, more)
    try {
      return await outcomeOf(rds.control.execute(awsCalls.FailoverDBCluster))
    } finally {
      rds.close()
    }
  }

  test('where nobody listens', async () => {
    expect(await refused(`http://127.0.0.1:${await closedPort()}`)).toBe('rejected')
  })

  test('where the name does not resolve', async () => {
    expect(await refused('http://rds.does-not-exist.invalid')).toBe('rejected')
  })

  test('where no connection comes about in time', async () => {
    const frozen = await startFrozen()
    try {
      const limits = { ...patient, connectMs: 100 }
      expect(await refused(`http://127.0.0.1:${frozen.port}`, { limits })).toBe('rejected')
      expect(await frozen.bytes()).toBe(0)
    } finally {
      await frozen.stop()
    }
  })

  test('where there are no credentials to sign it with', async () => {
    server.answerWith({ name: 'never', outcome: 'accepted', play: (socket) => void socket.destroy() })
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    for (const file of ['HOME', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(file, '/nonexistent')
    try {
      expect(await refused(server.url, { credentials: undefined })).toBe('rejected')
      expect(server.requests()).toBe(0)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('where the certificate is not accepted (%s)', async (version) => {
    const stranger = await startStranger(version)
    try {
      for (let n = 0; n < 20; n += 1) expect(await refused(`https://127.0.0.1:${stranger.port}`)).toBe('rejected')
      expect(await stranger.bytes()).toBe(0)
    } finally {
      await stranger.stop()
    }
  })
})
