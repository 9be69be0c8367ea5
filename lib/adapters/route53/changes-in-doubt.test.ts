/**
 * A change of a name is sent, and what comes back is anything that a server, a proxy or a network can make of an answer. Nothing
 * but a modelled refusal may be written down as "nothing was changed", and nothing but the operation's own answer as accepted.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { namesCalls } from '../../domain/procedure/testing/calls'
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
import { closedPort } from '../testing/never-left'
import { createRoute53 } from './index'

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const ns = 'xmlns="https://route53.amazonaws.com/doc/2013-04-01/"'
const fault = (code: string) =>
  `<ErrorResponse ${ns}><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>id</RequestId></ErrorResponse>`
const change = `<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-11-29T00:00:00Z</SubmittedAt></ChangeInfo>`
const speech: Speech = {
  type: 'text/xml',
  done: `<ChangeResourceRecordSetsResponse ${ns}>${change}</ChangeResourceRecordSetsResponse>`,
  other: `<GetChangeResponse ${ns}>${change}</GetChangeResponse>`,
  refused: (status) => fault(status === 404 ? 'NoSuchHostedZone' : 'InvalidChangeBatch'),
  strange: () => fault('SomethingThatNobodyDocuments'),
}

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' }
const patient = { connectMs: 5_000, requestMs: 5_000, socketMs: 5_000, readTotalMs: 10_000 }
const hasty = { connectMs: 5_000, requestMs: 100, socketMs: 100, readTotalMs: 200 }

let server: AnsweringServer
const clients: ReturnType<typeof createRoute53>[] = []
const client = (limits = patient, endpointUrl = server.url) => {
  const made = createRoute53({ endpointUrl, credentials, limits })
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

describe('a change of records', () => {
  const call = namesCalls.ChangeResourceRecordSets

  test('is called what its answer shows, for every status and body', async () => {
    const names = client()
    expect(await wronglyCalled(server, wholeAnswers(speech), () => names.control.execute(call))).toEqual([])
  })

  test('is in doubt wherever its answer breaks off', async () => {
    const names = client({ ...patient, requestMs: 1_500, socketMs: 1_500 })
    expect(await wronglyCalled(server, brokenAnswers(speech), () => names.control.execute(call))).toEqual([])
  })

  test('is in doubt wherever its answer comes to a halt', async () => {
    const names = client(hasty)
    expect(await wronglyCalled(server, hangingAnswers(speech), () => names.control.execute(call))).toEqual([])
  })

  test('certainly did not happen where nobody listens', async () => {
    const names = client(patient, `http://127.0.0.1:${await closedPort()}`)
    expect(await outcomeOf(names.control.execute(call))).toBe('rejected')
  })
})

describe('a switch object', () => {
  const answered = async (call: (typeof namesCalls)['PutObject' | 'DeleteObject'], answer: string) => {
    server.answerWith({
      name: answer,
      outcome: 'unknown',
      play: (socket) => socket.end(`HTTP/1.1 ${answer}`),
    })
    const outcome = await outcomeOf(client().control.execute(call))
    expect(server.requests()).toBe(1)
    return outcome
  }
  const { PutObject, DeleteObject } = namesCalls
  const denied = '<Error><Code>AccessDenied</Code><Message>no</Message></Error>'
  const refusal = `403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: ${denied.length}\r\nconnection: close\r\n\r\n${denied}`

  test.each([
    [
      'its own answer',
      PutObject,
      'accepted',
      '200 OK\r\netag: "abc"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
    ],
    ['its own answer', DeleteObject, 'accepted', '204 No Content\r\nx-amz-request-id: r1\r\nconnection: close\r\n\r\n'],
    [
      'a page',
      PutObject,
      'unknown',
      '200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello',
    ],
    [
      'a page',
      DeleteObject,
      'unknown',
      '200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello',
    ],
    ['a refusal', PutObject, 'rejected', refusal],
    ['a refusal', DeleteObject, 'rejected', refusal],
    ['a 503', PutObject, 'unknown', '503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'],
    ['half an answer', PutObject, 'unknown', '200 OK\r\ncontent-'],
  ])('is called what its answer shows: %s to $operation', async (_what, call, outcome, answer) => {
    expect(await answered(call, answer)).toBe(outcome)
  })
})

describe('a read', () => {
  const page = (text: string) =>
    `HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`
  const answerWith = (text: string) =>
    server.answerWith({ name: text, outcome: 'accepted', play: (socket) => socket.end(page(text)) })
  const list = (sets: string) =>
    `<ListResourceRecordSetsResponse ${ns}><ResourceRecordSets>${sets}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`

  test('keeps every setting of a record, so that a change loses none', async () => {
    const alias =
      '<AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>lb.example.com.</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>'
    answerWith(
      list(
        `<ResourceRecordSet><Name>api.castmatch.test.</Name><Type>A</Type><SetIdentifier>w</SetIdentifier><Weight>0</Weight>${alias}<HealthCheckId>h1</HealthCheckId></ResourceRecordSet>` +
          '<ResourceRecordSet><Name>api.castmatch.test.</Name><Type>TXT</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>"x"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>',
      ),
    )
    expect(await client().records('Z1', 'API.castmatch.test')).toEqual([
      {
        name: 'api.castmatch.test',
        set: {
          Name: 'api.castmatch.test.',
          Type: 'A',
          SetIdentifier: 'w',
          Weight: 0,
          AliasTarget: { HostedZoneId: 'Z2', DNSName: 'lb.example.com.', EvaluateTargetHealth: true },
          HealthCheckId: 'h1',
        },
      },
    ])
  })

  test('refuses a record with settings that a change of ours would lose', async () => {
    answerWith(
      list(
        '<ResourceRecordSet><Name>api.castmatch.test.</Name><Type>A</Type><SetIdentifier>w</SetIdentifier><GeoLocation><CountryCode>DE</CountryCode></GeoLocation><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>',
      ),
    )
    await expect(client().records('Z1', 'api.castmatch.test')).rejects.toMatchObject({
      errorClass: 'config',
      message: 'The record api.castmatch.test uses GeoLocation, which a change would lose.',
    })
  })

  test('that shows nothing is not taken for an answer', async () => {
    answerWith(`<GetChangeResponse ${ns}></GetChangeResponse>`)
    await expect(client().changeStatus('C1')).rejects.toMatchObject({ errorClass: 'transient' })
  })
})
