// A table is dropped. The finding outlives the runner that made it and the loss of our own store, and goes only by a person's word.
import { beforeEach, describe, expect, it } from 'vitest'
import { DamageWatch } from '../../collector/damage-watch'
import { NodeProbe } from '../../collector/node-probe'
import { labTempo } from '../../collector/tempo'
import { MemoryCluster } from '../../collector/testing/memory-ports'
import type { Role } from '../../domain/people/permissions'
import { systemClock } from '../../ports/clock'
import type { DamageStore } from '../../ports/damage-store'
import { damageStore } from '../../store/damage'
import { databasePerTest } from '../../store/testing/database'
import { signedIn } from '../testing/signed-in'
import { dismissDamage } from './dismiss'

const database = databasePerTest()
const lab = { name: 'lab', kind: 'lab' } as const
const someone = (role: Role) => signedIn(database(), { login: role, role }, lab)
const reason = 'The table was dropped by a planned migration'
const users = { name: 'users', oid: '100', file: '100', columns: [{ number: 1, name: 'id' }], deleted: 0 }

let cluster: MemoryCluster
let probe: NodeProbe
let store: DamageStore
beforeEach(async () => {
  cluster = new MemoryCluster()
  cluster.data = { checksumFailures: 0, tables: [users], names: { '100': 'users' } }
  cluster.counted = { tables: [{ name: 'users', result: { rows: 10 } }], invariants: [] }
  probe = new NodeProbe(systemClock, cluster.database, 'w', { host: 'w', port: 5432 }, () => {})
  await probe.ask()
  store = damageStore(database().runner)
})

const collect = (from: DamageStore | null = store) =>
  new DamageWatch(
    systemClock,
    from,
    {
      data: { name: 'castmatch', user: 'warroom', criticalTables: ['users'], invariants: [] },
      tempo: labTempo,
      environment: lab,
    },
    () => {},
    { warn: () => {}, info: () => {} },
  )
const drop = () => {
  cluster.data = { checksumFailures: 0, tables: [], names: {} }
}
const found = (watch: DamageWatch) => watch.memory.findings.map(({ kind, foundAt }) => ({ kind, foundAt }))
const one = (watch: DamageWatch) => {
  const [finding] = watch.memory.findings
  if (!finding) throw new Error('nothing was found')
  return { kind: finding.kind, foundAt: finding.foundAt }
}
const code = (act: Promise<unknown>) =>
  act.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )
async function staged(): Promise<DamageWatch> {
  const watch = collect()
  await watch.sync()
  await watch.ask(probe)
  drop()
  await watch.ask(probe)
  await expect.poll(async () => (await store.open('lab')).length).toBe(1)
  return watch
}

describe('a finding', () => {
  it('is taken up by another runner with its bounds, and by the same one again', async () => {
    const watch = await staged()
    const other = collect()
    await other.sync()
    expect(other.memory.findings).toEqual(watch.memory.findings)
    await other.ask(probe)
    expect(found(other)).toEqual(found(watch))
  })

  it('is made while our own store is away, and kept when it is back', async () => {
    let away = true
    const gate = <T>(call: () => Promise<T>) => (away ? Promise.reject(new Error('away')) : call())
    const watch = collect({
      open: (name) => gate(() => store.open(name)),
      keep: (name, finding) => gate(() => store.keep(name, finding)),
      isOpen: (name, finding) => gate(() => store.isOpen(name, finding)),
    })
    await watch.sync()
    await watch.ask(probe)
    drop()
    await watch.ask(probe)
    expect(found(watch)).toHaveLength(1)
    away = false
    await watch.sync()
    await watch.sync()
    expect(await store.open('lab')).toEqual(watch.memory.findings)
  })

  it('is dismissed by a commander with a reason, once, which the record keeps; the collector lets go of it and stays calm', async () => {
    const watch = await staged()
    const [commander, responder] = [await someone('commander'), await someone('responder')]
    expect(await code(dismissDamage(responder, { ...one(watch), reason }))).toBe('not-allowed')
    expect(await code(dismissDamage(commander, { ...one(watch), foundAt: 1, reason }))).toBe('conflict')
    await watch.sync()
    expect(found(watch)).toHaveLength(1)
    const answers = await Promise.all([1, 2].map(() => code(dismissDamage(commander, { ...one(watch), reason }))))
    expect(answers.toSorted()).toEqual(['conflict', 'done'])
    const { rows } = await database().owner.pool.query(
      `SELECT body::jsonb->>'text' AS text, body::jsonb->'actor'->>'name' AS who FROM record_entry WHERE body::jsonb->>'kind' = 'damage.dismissed'`,
    )
    expect(rows).toEqual([{ text: `The finding of deletion (S4) was dismissed: ${reason}`, who: 'commander' }])
    await watch.sync()
    expect(found(watch)).toEqual([])
    await watch.ask(probe)
    await watch.sync()
    expect(found(watch)).toEqual([])
    expect(await store.open('lab')).toEqual([])
    const other = collect()
    await other.sync()
    expect(found(other)).toEqual([])
  })

  it('cannot be dismissed by whoever holds the store’s functions without a session, or in another’s name', async () => {
    const watch = await staged()
    const { kind, foundAt } = one(watch)
    const commander = await someone('commander')
    const body = (name: string) =>
      JSON.stringify({
        kind: 'damage.dismissed',
        actor: { kind: 'person', id: commander.person.id, name },
        text: 'x',
        evidence: { environment: 'lab', reason },
      })
    const call = (token: string, name: string) =>
      database()
        .web.pool.query('SELECT damage_dismiss($1, $2, $3, $4, $5, $6)', [
          token,
          'lab',
          kind,
          foundAt,
          reason,
          body(name),
        ])
        .then(
          () => 'done',
          (error: { code?: string }) => error.code,
        )
    expect(await call('no session', 'commander')).toBe('WR401')
    expect(await call(commander.token, 'somebody else')).toBe('WR403')
    expect(await code(database().web.pool.query("UPDATE damage SET reason = 'x'"))).toBe('42501')
    expect(await code(database().runner.pool.query('UPDATE damage SET dismissed_at = now()'))).toBe('42501')
    expect((await store.open('lab')).length).toBe(1)
  })
})
