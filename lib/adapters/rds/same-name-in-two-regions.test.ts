/**
 * The replica in the recovery region has the name of a node at home. Each region is asked for the plain name, and what one
 * says is never taken for what the other says: the region of a request is in its signature.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { closedAtOf } from '../../domain/cluster/closed'
import { fault, result, startRds, xml } from './testing'

const home = 'us-west-2'
const away = 'us-east-1'
const arn = (region: string, name: string) => `arn:aws:rds:${region}:123456789012:db:${name}`

const instance = (name: string, region: string, more = '') =>
  `<DBInstance><DBInstanceIdentifier>${name}</DBInstanceIdentifier><Engine>postgres</Engine><DBInstanceStatus>available</DBInstanceStatus><Endpoint><Address>${name}.${region}</Address><Port>5432</Port></Endpoint>${more}</DBInstance>`
const source = (id: string) => `<ReadReplicaSourceDBInstanceIdentifier>${id}</ReadReplicaSourceDBInstanceIdentifier>`
const replicas = (...ids: string[]) =>
  `<ReadReplicaDBInstanceIdentifiers>${ids.map((id) => `<ReadReplicaDBInstanceIdentifier>${id}</ReadReplicaDBInstanceIdentifier>`).join('')}</ReadReplicaDBInstanceIdentifiers>`
const event = (name: string, message: string) =>
  `<Event><SourceIdentifier>${name}</SourceIdentifier><SourceType>db-instance</SourceType><Message>${message}</Message><Date>2026-11-28T03:00:00Z</Date></Event>`

const atHome = () =>
  instance('orders', home, replicas('orders-2', arn(away, 'orders-2'))) +
  instance('orders-2', home, source('orders')) +
  // Copies what has the name of ours, elsewhere: no relative.
  instance('other', home, source(arn(away, 'orders')))
const elsewhere: Record<string, string> = {
  orders: instance('orders', away, source(arn(home, 'orders'))),
  'orders-2': instance('orders-2', away, source(arn(home, 'orders'))),
}

const asked: { region: string; action: string; name: string | null }[] = []
let started: Awaited<ReturnType<typeof startRds>>
beforeAll(async () => {
  started = await startRds(
    ({ action, form, http }, response) => {
      const name = form.get('DBInstanceIdentifier')
      const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(http.headers.authorization ?? '')?.[1] ?? ''
      asked.push({ region, action, name })
      const done = (inner: string) => xml(response, 200, result(action, inner))
      if (action === 'DescribeDBClusters') xml(response, 404, fault('DBClusterNotFoundFault'))
      else if (action === 'DescribeEvents')
        done(
          `<Events>${form.get('SourceType') === 'db-cluster' ? '' : region === home ? event('orders', 'Backup finished') : event('orders', 'DB instance shutdown')}</Events>`,
        )
      else if (region === home) done(`<DBInstances>${atHome()}</DBInstances>`)
      else if (name !== null && elsewhere[name]) done(`<DBInstances>${elsewhere[name]}</DBInstances>`)
      else xml(response, 404, fault('DBInstanceNotFound'))
    },
    { region: home, drRegion: away },
  )
})
afterAll(() => started.stop())
beforeEach(() => {
  asked.length = 0
})

describe('two nodes of one name in two regions', () => {
  test('the other region is asked for the plain name, and the key of what it shows names the region', async () => {
    expect(await started.rds.instance('orders', away)).toMatchObject({
      id: 'us-east-1/orders',
      region: away,
      address: { host: 'orders.us-east-1' },
      replicaSourceId: 'orders',
    })
    expect(asked).toEqual([{ region: away, action: 'DescribeDBInstances', name: 'orders' }])
    expect(await started.rds.instance('orders', home)).toMatchObject({ id: 'orders', region: home })
  })

  test('one that copies the namesake elsewhere is no relative of ours, also when the namesake is known', async () => {
    const { instances } = await started.rds.guarded('orders', ['us-east-1/other', 'us-east-1/orders'])
    expect(instances.map((i) => [i.id, i.replicaSourceId])).toEqual([
      ['orders', null],
      ['orders-2', 'orders'],
    ])
    expect(instances[0]?.replicaIds).toEqual(['orders-2', 'us-east-1/orders-2'])
  })

  test('a shutdown of the namesake elsewhere is no shutdown of ours', async () => {
    const events = await started.rds.events(['orders', 'us-east-1/orders'], 0)
    expect(events.map((e) => [e.source, e.message])).toEqual([
      ['orders', 'Backup finished'],
      ['us-east-1/orders', 'DB instance shutdown'],
    ])
    expect(closedAtOf(events, 'orders', null)).toBeNull()
    expect(closedAtOf(events, 'us-east-1/orders', null)).not.toBeNull()
    expect((await started.rds.events(['orders'], 0)).map((e) => e.source)).toEqual(['orders'])
  })

  test('one that was deleted elsewhere is missing, and ours of the same name is not', async () => {
    await expect(started.rds.instance('gone', away)).rejects.toMatchObject({ errorClass: 'missing' })
    const kept = elsewhere.orders
    delete elsewhere.orders
    await expect(started.rds.instance('orders', away)).rejects.toMatchObject({ errorClass: 'missing' })
    expect(await started.rds.instance('orders', home)).toMatchObject({ id: 'orders' })
    if (kept) elsewhere.orders = kept
  })
})
