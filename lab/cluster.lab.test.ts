import { connect } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Address, LabNode } from './contract'
import { addAuroraFunctions } from './postgres/aurora-functions'
import { startTestLab, type TestLab } from './testing'

let test: TestLab

beforeAll(async () => {
  test = await startTestLab({ speedup: 100 })
})
afterAll(async () => {
  await test.end()
})
beforeEach(async () => {
  await test.lab.heal(null)
})

const cluster = () => test.lab.context.cluster
const writer = (): LabNode => node(cluster().writerId())
const readers = () =>
  cluster()
    .nodes()
    .filter((candidate) => candidate.role === 'reader')

function node(id: string): LabNode {
  const found = cluster().node(id)
  if (!found) throw new Error(`no node ${id}`)
  return found
}

function first(nodes: LabNode[]): LabNode {
  const [found] = nodes
  if (!found) throw new Error('no node')
  return found
}

type Who = 'warroom' | 'castmatch_admin' | 'castmatch_app'

async function query<T extends pg.QueryResultRow>(
  address: Address,
  sql: string,
  user: Who = 'warroom',
  timeoutMs = 3000,
) {
  const { secrets } = test.lab
  const password = {
    warroom: secrets.warroomPassword,
    castmatch_admin: secrets.adminPassword,
    castmatch_app: secrets.applicationPassword,
  }[user]
  const client = new pg.Client({
    ...address,
    user,
    password,
    database: cluster().databaseName,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<T>(sql)).rows
  } finally {
    // A silent server would not answer a farewell either.
    void client.end().catch(() => undefined)
  }
}

async function until(what: string, condition: () => Promise<boolean> | boolean, timeoutMs = 15_000) {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    if (await condition()) return
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

async function inRecovery(address: Address): Promise<boolean | null> {
  try {
    const [row] = await query<{ standby: boolean }>(address, 'SELECT pg_is_in_recovery() AS standby')
    return row?.standby ?? null
  } catch {
    return null
  }
}

async function receiver(of: LabNode): Promise<{ status: string; received_tli: number } | null> {
  const rows = await query<{ status: string; received_tli: number }>(
    of.address,
    'SELECT status, received_tli FROM pg_stat_wal_receiver',
  ).catch(() => [])
  return rows[0] ?? null
}

const streams = async (of: LabNode) => (await receiver(of))?.status === 'streaming'

/** Waits until all others are available and stream from this writer. */
async function everybodyFollows(writerId: string): Promise<void> {
  await until(`${writerId} is the writer`, () => cluster().writerId() === writerId && cluster().status === 'available')
  for (const follower of cluster()
    .nodes()
    .filter((each) => each.id !== writerId))
    await until(
      `${follower.id} streams from ${writerId}`,
      async () => follower.status === 'available' && (await streams(follower)),
      25_000,
    )
}

function refusal(address: Address): Promise<string> {
  return new Promise((done) => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      done('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
  })
}

describe('a healthy lab', () => {
  it('has one writer and three followers that stream from it, each behind its own address', async () => {
    const roles = await Promise.all(
      cluster()
        .nodes()
        .map((each) => inRecovery(each.address)),
    )
    expect(roles.filter((standby) => standby === false)).toHaveLength(1)
    expect(roles.filter((standby) => standby === true)).toHaveLength(3)
    const followers = cluster()
      .nodes()
      .filter((each) => each.id !== cluster().writerId())
    await until('all three stream', async () => {
      const rows = await query<{ name: string }>(
        cluster().writerEndpoint,
        "SELECT application_name AS name FROM pg_stat_replication WHERE state = 'streaming'",
      )
      return followers.every((follower) => rows.some((row) => row.name === follower.id)) && rows.length === 3
    })
  })

  it('lets the collector beat the heart and the application commit, but not the other way round', async () => {
    const beat = 'UPDATE dr_heartbeat SET beat = clock_timestamp(), seq = seq + 1 WHERE id = 1 RETURNING seq'
    expect(await query(cluster().writerEndpoint, beat)).toHaveLength(1)
    await query(
      cluster().writerEndpoint,
      "INSERT INTO commits (worker, n) VALUES ('test', 1) ON CONFLICT DO NOTHING",
      'castmatch_app',
    )
    await expect(query(cluster().writerEndpoint, beat, 'castmatch_app')).rejects.toThrow(/permission denied/)
    await expect(query(cluster().writerEndpoint, 'DELETE FROM users')).rejects.toThrow(/permission denied/)
  })

  it('keeps hearing from an idle writer', async () => {
    const [before] = await query<{ heard: Date }>(
      first(readers()).address,
      'SELECT last_msg_receipt_time AS heard FROM pg_stat_wal_receiver',
    )
    await until('a sign of life from the writer', async () => {
      const [now] = await query<{ heard: Date }>(
        first(readers()).address,
        'SELECT last_msg_receipt_time AS heard FROM pg_stat_wal_receiver',
      )
      return now !== undefined && before !== undefined && now.heard > before.heard
    })
  })

  it('archives, so that there is a range to restore', async () => {
    await query(cluster().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('archived', 1)", 'castmatch_app')
    await until(
      'an archived segment after the base backup',
      () => {
        const { earliest, latest } = cluster().restorable()
        return earliest !== null && latest !== null && latest > earliest
      },
      40_000,
    )
  })
})

describe('a lab in the shape of Aurora', () => {
  it('has its writer tell how far the readers are behind, by their names', async () => {
    await addAuroraFunctions(test.lab.context, test.lab.secrets)
    const rows = await query<{ server_id: string; session_id: string; replica_lag_in_msec: number | null }>(
      cluster().writerEndpoint,
      'SELECT server_id, session_id, replica_lag_in_msec FROM aurora_replica_status()',
    )
    const names = rows.map((row) => row.server_id)
    expect(names).toEqual(expect.arrayContaining([writer().id, ...readers().map((reader) => reader.id)]))
    expect(rows.filter((row) => row.session_id === 'MASTER_SESSION_ID').map((row) => row.server_id)).toEqual([
      writer().id,
    ])
    for (const row of rows) if (row.server_id !== writer().id) expect(row.replica_lag_in_msec).not.toBeNull()
  })
})

describe('faults of servers', () => {
  it('a killed writer refuses connections at once, by its own address and by the endpoint, and readers lose their stream', async () => {
    const struck = writer()
    await test.lab.startFault('kill-writer', null, {})
    expect(await refusal(struck.address)).toBe('ECONNREFUSED')
    expect(await refusal(cluster().writerEndpoint)).toBe('ECONNREFUSED')
    expect(struck.running).toBe(false)
    for (const reader of readers()) await until('the stream ends', async () => !(await streams(reader)))
    await test.lab.heal('kill-writer')
    expect(await inRecovery(cluster().writerEndpoint)).toBe(false)
    expect(cluster().writerId()).toBe(struck.id)
  })

  it('closes the sockets of clients when the writer is killed', async () => {
    const client = new pg.Client({
      ...cluster().writerEndpoint,
      user: 'warroom',
      password: test.lab.secrets.warroomPassword,
      database: cluster().databaseName,
    })
    const ended = new Promise<string>((done) => client.on('error', (error) => done(error.message)))
    await client.connect()
    await test.lab.startFault('kill-writer', null, {})
    expect(await ended).toMatch(/terminated|ECONNRESET|closed/)
  })

  it('a frozen writer takes connections and never answers, until it is healed', async () => {
    await test.lab.startFault('freeze-writer', null, {})
    expect(writer()).toMatchObject({ running: true, frozen: true })
    expect(await refusal(writer().address)).toBe('connected')
    await expect(query(cluster().writerEndpoint, 'SELECT 1', 'warroom', 600)).rejects.toThrow(/timeout/i)
    await test.lab.heal('freeze-writer')
    expect(await query(cluster().writerEndpoint, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('a dead reader leaves the reader endpoint', async () => {
    const [gone, left] = readers()
    await test.lab.startFault('kill-reader', gone?.id ?? null, {})
    for (let i = 0; i < 4; i++) {
      const [row] = await query<{ name: string }>(
        cluster().readerEndpoint,
        "SELECT current_setting('cluster_name') AS name",
      )
      expect(row?.name).toBe(left?.id)
    }
  })

  it('takes over by itself only when asked to', async () => {
    const struck = cluster().writerId()
    await test.lab.startFault('auto-failover', null, {})
    await test.lab.startFault('kill-writer', null, {})
    await until('another writer', () => cluster().writerId() !== struck && cluster().status === 'available')
    expect(cluster().events().at(-1)?.message ?? '').toMatch(/^(Completed failover to|DB instance restarted)/)
  })
})

describe('faults of links', () => {
  it('a partition hides the writer from us while the application and replication go on', async () => {
    await test.lab.startFault('partition', null, {})
    await expect(query(cluster().writerEndpoint, 'SELECT 1', 'warroom', 600)).rejects.toThrow(/timeout/i)
    await expect(query(writer().address, 'SELECT 1', 'warroom', 600)).rejects.toThrow(/timeout/i)
    expect(await query(cluster().writerEndpoint, 'SELECT 1 AS one', 'castmatch_app')).toEqual([{ one: 1 }])
    for (const reader of readers()) expect(await streams(reader)).toBe(true)
    await test.lab.heal('partition')
    expect(await query(cluster().writerEndpoint, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('a cut link stops one reader and leaves the other alone; healing lets it catch up', async () => {
    const [cut, other] = readers()
    if (!cut || !other) throw new Error('two readers are needed')
    await test.lab.startFault('cut-link', cut.id, {})
    await until('the stream ends', async () => !(await streams(cut)))
    expect(await streams(other)).toBe(true)
    await query(cluster().writerEndpoint, "INSERT INTO commits VALUES ('cut', 1)", 'castmatch_app')
    await test.lab.heal('cut-link')
    await until('the commit arrives', async () => {
      const rows = await query(cut.address, "SELECT 1 FROM commits WHERE worker = 'cut'", 'castmatch_app')
      return rows.length === 1
    })
  })

  it('a stopped replay receives and does not show', async () => {
    const reader = first(readers())
    await test.lab.startFault('stop-replay', reader.id, {})
    await query(cluster().writerEndpoint, "INSERT INTO commits VALUES ('paused', 1)", 'castmatch_app')
    await until('received but not replayed', async () => {
      const [row] = await query<{ behind: boolean }>(
        reader.address,
        'SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() AS behind',
      )
      return row?.behind === true
    })
    expect(await query(reader.address, "SELECT 1 FROM commits WHERE worker = 'paused'", 'castmatch_app')).toEqual([])
  })
})

describe('failover', () => {
  it('leaves one writer on the next timeline, survivors follow it, and the old writer comes back as its reader', async () => {
    const old = writer()
    const target = first(readers())
    const [before] = await query<{ timeline: string }>(
      cluster().writerEndpoint,
      'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline',
    )
    await test.lab.startFault('kill-writer', null, {})
    cluster().failover(target.id)
    expect(cluster().status).toBe('failing-over')
    expect(() => cluster().failover(null)).toThrow(/failing-over/)
    await until(
      'the old writer is a reader',
      () => cluster().status === 'available' && old.status === 'available' && old.running,
    )

    expect(cluster().writerId()).toBe(target.id)
    const roles = await Promise.all(
      cluster()
        .nodes()
        .map((each) => inRecovery(each.address)),
    )
    expect(roles.filter((standby) => standby === false)).toHaveLength(1)
    const [after] = await query<{ timeline: string }>(
      cluster().writerEndpoint,
      'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline',
    )
    const next = Number.parseInt(before?.timeline ?? '', 16) + 1
    expect(Number.parseInt(after?.timeline ?? '', 16)).toBe(next)
    for (const follower of cluster()
      .nodes()
      .filter((each) => each.id !== target.id))
      await until(`${follower.id} streams on the new timeline`, async () => {
        const state = await receiver(follower)
        return state?.status === 'streaming' && state.received_tli === next
      })
    const messages = cluster()
      .events()
      .map((event) => event.message)
    expect(messages).toContain(`Started cross AZ failover to DB instance: ${target.id}`)
    expect(messages).toContain(`Completed customer initiated failover to DB instance: ${target.id}`)
    expect(test.lab.faults().find((fault) => fault.id === 'kill-writer')?.active).toBeNull()
  })

  it('to a reader that had received less than the others: they are made anew, stream from it, and so they do after the next one', async () => {
    const behind = first(readers())
    await test.lab.startFault('cut-link', behind.id, {})
    await query(cluster().writerEndpoint, "INSERT INTO commits VALUES ('ahead', 1)", 'castmatch_app')
    const survivors = cluster()
      .nodes()
      .filter((each) => each.id !== behind.id && each.id !== cluster().writerId())
    for (const each of survivors)
      await until(`${each.id} has the commit`, async () => {
        const rows = await query(each.address, "SELECT 1 FROM commits WHERE worker = 'ahead'", 'castmatch_app')
        return rows.length === 1
      })
    await test.lab.startFault('kill-writer', null, {})
    cluster().failover(behind.id)
    await everybodyFollows(behind.id)
    for (const each of survivors)
      expect(await query(each.address, "SELECT 1 FROM commits WHERE worker = 'ahead'", 'castmatch_app')).toEqual([])

    await test.lab.heal('cut-link')
    const next = first(readers())
    cluster().failover(next.id)
    await everybodyFollows(next.id)
  })

  it('a reader that was dead meanwhile and had received more streams again once it is healed', async () => {
    const [behind, dead] = readers()
    if (!behind || !dead) throw new Error('two readers are needed')
    await test.lab.startFault('cut-link', behind.id, {})
    await query(cluster().writerEndpoint, "INSERT INTO commits VALUES ('dead', 1)", 'castmatch_app')
    await until('the other reader has the commit', async () => {
      const rows = await query(dead.address, "SELECT 1 FROM commits WHERE worker = 'dead'", 'castmatch_app')
      return rows.length === 1
    })
    await test.lab.startFault('kill-reader', dead.id, {})
    cluster().failover(behind.id)
    await until('the failover is over', () => cluster().status === 'available' && cluster().writerId() === behind.id)
    await test.lab.heal('kill-reader')
    await everybodyFollows(behind.id)
  })

  it('a reader that is made anew when the writer dies under its copy is made anew from the next one', async () => {
    const [reader, next] = readers()
    if (!reader || !next) throw new Error('two readers are needed')
    const old = writer()
    // The copy of the old writer begins as soon as the failover is over, from a writer that dies in the middle of it.
    cluster().failover(reader.id)
    await until('the old writer is being made anew', () => old.status === 'creating')
    await test.lab.startFault('kill-writer', null, {})
    await until('nothing is under way', () => cluster().status === 'available' && next.status === 'available')
    cluster().failover(next.id)
    await everybodyFollows(next.id)
  })

  it('refuses a target that is no reader of the cluster', () => {
    expect(() => cluster().failover(cluster().writerId())).toThrow(/already the writer/)
    expect(() => cluster().failover('castmatch-xregion-replica')).toThrow(/not a member/)
  })

  it('an old writer that comes back makes two writers, and healing leaves the one that the platform names', async () => {
    const old = writer()
    await test.lab.startFault('kill-writer', null, {})
    cluster().failover(null)
    await until(
      'the failover is over',
      () => cluster().status === 'available' && old.status === 'available' && old.running,
    )
    const present = cluster().writerId()
    await test.lab.startFault('return-old-writer', old.id, {})
    expect(await inRecovery(old.address)).toBe(false)
    expect(await inRecovery(node(present).address)).toBe(false)
    await test.lab.heal(null)
    expect(await inRecovery(old.address)).toBe(true)
    expect(cluster().writerId()).toBe(present)
    await until('it streams again', () => streams(old))
  })

  it('promotes the cross-region replica to a server of its own, and healing makes it a replica again', async () => {
    const replica = node('castmatch-xregion-replica')
    cluster().promoteReadReplica(replica.id)
    expect(replica.status).toBe('modifying')
    await until('it is promoted', () => replica.status === 'available' && replica.replicaSourceId === null)
    expect(await inRecovery(replica.address)).toBe(false)
    const { estate } = test.lab.context
    await until('it has a backup of its own', () => estate.restorable(replica.id).earliest !== null)
    await test.lab.heal(null)
    expect(await inRecovery(replica.address)).toBe(true)
    expect(replica.replicaSourceId).toBe(cluster().writerId())
  })
})
