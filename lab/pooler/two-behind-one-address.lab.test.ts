// Two PgBouncer processes behind one address: a PAUSE reaches one of them, and clients of the other go on writing. The address is
// told from one behind which a single process answers, and from a forwarder in front of a single one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPgbouncer } from '../../lib/adapters/pgbouncer/index'
import { LinkProxy } from '../network/proxy'
import { labEndpoints, labPoolers } from '../ports'
import { createOneNodeLab, type OneNodeLab } from '../workload/one-node-lab'
import { poolerAdmin, poolerPassword, registerPooler } from './index'

let lab: OneNodeLab
let forwarder: LinkProxy
const forwarded = () => ({ host: '127.0.11.20', port: lab.context.ports.pgbouncer })

beforeAll(async () => {
  lab = await createOneNodeLab(21_340)
  registerPooler(lab)
  await lab.start()
  forwarder = new LinkProxy(forwarded())
  await forwarder.open()
})
afterAll(async () => {
  await forwarder?.close()
  await lab?.stop()
})

const at = (host: string) =>
  createPgbouncer({
    name: 'p',
    host,
    port: lab.context.ports.pgbouncer,
    user: poolerAdmin,
    password: poolerPassword(lab.secrets.token),
    tls: 'disable',
    database: 'castmatch_production',
  })
async function instances(host: string): Promise<number> {
  const pooler = at(host)
  try {
    return await pooler.instances()
  } finally {
    await pooler.close()
  }
}
const fronts = () => labPoolers.map(({ front }) => ({ host: front, port: lab.context.ports.pgbouncer }))

describe('an address is counted as', () => {
  test.each(labPoolers)('one process at $front', async ({ front }) => {
    expect(await instances(front)).toBe(1)
  })

  test('one process behind a forwarder', async () => {
    forwarder.point(fronts().slice(0, 1))
    expect(await instances(forwarded().host)).toBe(1)
  })

  test('two processes behind a forwarder that takes them in turn', async () => {
    forwarder.point(fronts())
    expect(await instances(forwarded().host)).toBe(2)
  })

  test('two processes behind the service that the application knows', async () => {
    expect(await instances(labEndpoints.poolerService)).toBe(2)
  })

  test('not known while one of them refuses', async () => {
    forwarder.point(fronts())
    await lab.startFault('pooler-refuses', 'pgbouncer-2', {})
    await expect(instances(forwarded().host)).rejects.toThrow()
    await lab.heal('pooler-refuses')
  })
})

test('what is said after a PAUSE is said of the process that was paused', async () => {
  forwarder.point(fronts())
  const through = at(forwarded().host)
  const each = fronts().map(({ host }) => at(host))
  expect(await through.pause('castmatch_production', 2_000)).toBe('paused')
  // Whichever of the two it was: the forwarder would lead a session of its own to the other.
  for (let i = 0; i < 4; i++) expect((await through.pools()).paused).toBe(true)
  const paused = await Promise.all(each.map(async (one) => (await one.pools()).paused))
  expect(paused.filter(Boolean)).toHaveLength(1)
  await through.resume('castmatch_production')
  for (const one of each) expect((await one.pools()).paused).toBe(false)
  await Promise.all([through, ...each].map((one) => one.close()))
})

test('a fault strikes the process that is named, and no other', async () => {
  const [first, second] = labPoolers.map(({ front }) => at(front))
  await lab.startFault('pooler-dead', 'pgbouncer-2', {})
  expect(await first?.pools()).toMatchObject({ present: true })
  await expect(second?.pools()).rejects.toThrow('refused')
  await lab.heal('pooler-dead')
  expect(await second?.pools()).toMatchObject({ present: true })
  await Promise.all([first?.close(), second?.close()])
})
