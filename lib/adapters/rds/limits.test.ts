/**
 * The API hangs, breaks off or fails after it did what was asked. A change must be sent once and its outcome called
 * unknown; a read may be tried again, within limits.
 */
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { awsCalls } from '../../domain/procedure/testing/calls'
import { startRds } from './testing'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Where an answer comes, however late on a busy machine, it is what is told: only an API that hangs has a short limit. */
const patient = { connectMs: 15_000, requestMs: 15_000, socketMs: 15_000, readTotalMs: 15_000 }
const hasty = { ...patient, requestMs: 300, socketMs: 400, readTotalMs: 2_000 }

async function api(answer: Parameters<typeof startRds>[0], limits = patient) {
  const { stop, ...made } = await startRds(answer, { limits })
  ends.push(stop)
  return made
}

const xml = (response: ServerResponse, status: number, text: string) => {
  response.writeHead(status, {
    'content-type': 'text/xml',
    'x-amzn-requestid': 'id-1',
    date: 'Sun, 22 Nov 2026 10:00:00 GMT',
  })
  response.end(text)
}
const result = (action: string, inner: string) =>
  `<${action}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><${action}Result>${inner}</${action}Result><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></${action}Response>`
const fault = (code: string) =>
  `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>id-2</RequestId></ErrorResponse>`
const failover = awsCalls.FailoverDBCluster

describe('a change', () => {
  test('is sent as the value says, and answers plain values', async () => {
    const { rds, requests } = await api(({ action }, response) =>
      xml(response, 200, result(action, '<DBCluster><Status>failing-over</Status></DBCluster>')),
    )
    const answer = await rds.control.execute(failover)
    expect(answer).toEqual({ requestId: 'id-1', httpStatus: 200, output: { DBCluster: { Status: 'failing-over' } } })
    expect(requests[0]?.form.get('TargetDBInstanceIdentifier')).toBe('c-2')
  })

  /** Every value of an input, at any depth, as text. */
  const texts = (value: unknown): string[] =>
    typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [String(value)]

  test.each(Object.values(awsCalls))('by $operation carries every value that it shows, and no other', async (call) => {
    const { rds, requests } = await api(({ action }, response) => xml(response, 200, result(action, '')))
    // As it comes back from a store.
    await rds.control.execute(JSON.parse(JSON.stringify(call)))
    const { Action, Version: _version, ...sent } = Object.fromEntries(requests[0]?.form ?? [])
    expect(Action).toBe(call.operation)
    expect(texts(sent).sort()).toEqual(texts(call.input).sort())
  })

  test.each([
    ['hangs', (response: ServerResponse) => void response, 'timeout'],
    ['breaks off', (response: ServerResponse) => response.socket?.resetAndDestroy(), 'reset'],
    ['fails with 500', (response: ServerResponse) => xml(response, 500, fault('InternalFailure')), 'api'],
  ])('to an API that %s is sent once, with an unknown outcome', async (_name, behave, probe) => {
    const { rds, requests } = await api((_request, response) => behave(response), probe === 'timeout' ? hasty : patient)
    await expect(rds.control.execute(failover)).rejects.toMatchObject({ detail: { outcome: 'unknown', probe } })
    expect(requests.map(({ action }) => action)).toEqual(['FailoverDBCluster'])
  })

  test('that is refused is rejected', async () => {
    const { rds, requests } = await api((_request, response) => xml(response, 400, fault('InvalidDBClusterStateFault')))
    await expect(rds.control.execute(failover)).rejects.toMatchObject({
      errorClass: 'state',
      detail: { outcome: 'rejected' },
    })
    expect(requests).toHaveLength(1)
  })

  test('that never left is rejected', async () => {
    const { rds, server } = await api(() => {})
    server.close()
    await expect(rds.control.execute(failover)).rejects.toMatchObject({
      errorClass: 'unreachable',
      detail: { outcome: 'rejected', probe: 'refused' },
    })
  })

  test('that is given up by its caller is in doubt', async () => {
    const caller = new AbortController()
    const { rds } = await api(() => caller.abort())
    await expect(rds.control.execute(failover, caller.signal)).rejects.toMatchObject({ detail: { outcome: 'unknown' } })
  })
})

describe('a read', () => {
  test('is tried again after a 500', async () => {
    const { rds, requests } = await api(({ action, n }, response) =>
      n < 3
        ? xml(response, 500, fault('InternalFailure'))
        : xml(
            response,
            200,
            result(action, '<DBClusters><DBCluster><Engine>postgres</Engine></DBCluster></DBClusters>'),
          ),
    )
    expect((await rds.cluster('castmatch-production')).engine).toBe('postgres')
    expect(requests).toHaveLength(3)
  })

  test('from an API that hangs ends with a timeout', async () => {
    const { rds } = await api(() => {}, hasty)
    await expect(rds.cluster('castmatch-production')).rejects.toMatchObject({ detail: { probe: 'timeout' } })
  })

  test('of events goes through all pages, drops strangers and doubles, and sorts', async () => {
    const event = (id: string, at: string) =>
      `<Event><SourceIdentifier>${id}</SourceIdentifier><Message>m</Message><Date>${at}</Date><EventCategories><EventCategory>failover</EventCategory></EventCategories></Event>`
    const { rds } = await api(({ action, form }, response) => {
      const first = event('ours', '2026-11-22T10:00:02Z') + event('theirs', '2026-11-22T10:00:01Z')
      const second = event('ours', '2026-11-22T10:00:02Z') + event('ours', '2026-11-22T10:00:00Z')
      if (form.get('SourceType') !== 'db-cluster') return xml(response, 200, result(action, '<Events/>'))
      const page = form.get('Marker') ? `<Events>${second}</Events>` : `<Events>${first}</Events><Marker>2</Marker>`
      xml(response, 200, result(action, page))
    })
    const events = await rds.events(['ours'], 0)
    expect(events.map((e) => e.at)).toEqual([Date.UTC(2026, 10, 22, 10), Date.UTC(2026, 10, 22, 10, 0, 2)])
    expect(events[0]?.categories).toEqual(['failover'])
  })

  test('of maintenance goes through all pages', async () => {
    const due = (name: string) =>
      `<ResourcePendingMaintenanceActions><ResourceIdentifier>arn:aws:rds:us-west-2:1:db:${name}</ResourceIdentifier><PendingMaintenanceActionDetails><PendingMaintenanceAction><Action>system-update</Action></PendingMaintenanceAction></PendingMaintenanceActionDetails></ResourcePendingMaintenanceActions>`
    const { rds } = await api(({ action, form }, response) => {
      const [items, more] = form.get('Marker') ? [due('ours'), ''] : [due('theirs'), '<Marker>2</Marker>']
      xml(response, 200, result(action, `<PendingMaintenanceActions>${items}</PendingMaintenanceActions>${more}`))
    })
    expect(await rds.maintenance(['ours'])).toEqual([{ resource: 'ours', action: 'system-update' }])
  })

  test.each([
    ['keys of a user do not expire', {}, { temporary: false }],
    [
      'a session token without its end expires at an unknown time',
      { sessionToken: 't' },
      { temporary: true, expiresAt: null },
    ],
    [
      'a session expires at its end',
      { sessionToken: 't', expiration: new Date(4e12) },
      { temporary: true, expiresAt: 4e12 },
    ],
  ])('of our credentials: %s', async (_what, more, session) => {
    const { rds, stop } = await startRds(() => {}, {
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'test', ...more },
    })
    ends.push(stop)
    expect(await rds.credentials()).toEqual(session)
  })

  test("of our identity carries the server's clock", async () => {
    const { rds } = await api(({ action }, response) =>
      xml(response, 200, result(action, '<Account>123456789012</Account><Arn>arn:x</Arn>')),
    )
    expect(await rds.identity()).toEqual({
      account: '123456789012',
      arn: 'arn:x',
      serverAt: Date.UTC(2026, 10, 22, 10),
    })
  })
})
