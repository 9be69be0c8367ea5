/**
 * The old writer runs PostgreSQL 15, 16, 17 or 18, and its roles have what the deployment guide gives them, or less. The fence
 * closes what it may, the prerequisites say beforehand what the server will refuse, and nothing that is open is called fenced.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fenceGaps } from '../../domain/cluster/fence-rights'
import type { StepContext, Surroundings, World } from '../../procedures/contract'
import type { FailoverInputs } from '../../procedures/primary-failover/inputs'
import { lookAtOldWriter } from '../../procedures/steps/fence'
import { fenceBySql, unfenceBySql } from '../../procedures/steps/fence-calls'
import { createPostgresControl } from './control'
import { createPostgres } from './index'
import { guardedMajors, type Pair, startPair } from './testing-pair'

const database = 'castmatch_production'
const [app, owner, collector, recovery] = ['castmatch_app', 'castmatch_owner', 'warroom', 'warroom_recovery']

/** What the guide tells people to run on the guarded database, word by word. */
function guide(password: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/deployment/README.md'), 'utf8')
  const block = /On the guarded database:\n\n```sql\n([\s\S]*?)```/.exec(page)?.[1]
  if (!block?.includes('WITH ADMIN OPTION')) throw new Error('The guide has no statements for the guarded database.')
  return block.replaceAll(`'...'`, `'${password}'`)
}

describe.each(guardedMajors)('on PostgreSQL %i', (major) => {
  let pair: Pair
  let control: ReturnType<typeof createPostgresControl>
  let postgres: ReturnType<typeof createPostgres>
  const environment = {
    aws: { region: 'us-west-2', clusterId: 'c', quarantineSecurityGroupId: null },
    database: {
      name: database,
      user: collector,
      recovery: { user: recovery },
      applicationRoles: [app],
      criticalTables: [],
    },
  } as unknown as Surroundings
  const address = () => ({ host: pair.writer.host, port: pair.writer.port })
  const context = () =>
    ({
      runId: 'r',
      facts: {
        topology: 'hybrid',
        writerBefore: { id: 'old', ...address(), securityGroupIds: [] },
        target: { id: 'new', host: 'new', port: 5432, securityGroupIds: [] },
      },
    }) as unknown as StepContext<FailoverInputs>
  const run = (call: ReturnType<typeof fenceBySql>) => control.execute(address(), call?.statements ?? [], () => {})
  const fence = () => run(fenceBySql(context(), environment))
  const gaps = async () => fenceGaps(await control.rights(address(), [app, collector]), [app])
  const root = (sql: string) => pair.as(pair.writer, database, sql)
  /** How the step of the failover judges this server, the new writer being another. */
  const judged = async () => {
    const probe = postgres.probe('old', address(), { connectMs: 3_000, queryMs: 3_000 })
    const world = {
      environment,
      snapshot: () => null,
      fleet: {
        guarded: async () => ({
          cluster: {
            status: 'available',
            engine: 'postgres',
            tags: { 'dr-lab': 'hybrid' },
            members: [{ id: 'new', isWriter: true }],
          },
          instances: ['old', 'new'].map((id) => ({
            id,
            status: 'available',
            engine: 'postgres',
            securityGroupIds: [],
          })),
        }),
      },
      ask: async (at: { host: string }, question: (p: typeof probe) => unknown) =>
        at.host === 'new' ? { standby: false, timeline: 2 } : await question(probe),
      lookAtFence: () => control.look(address(), [app]),
    } as unknown as World
    return await lookAtOldWriter(world, context()).finally(() => probe.close())
  }

  beforeAll(async () => {
    pair = await startPair(major)
    const { password } = pair
    await pair.as(pair.writer, 'postgres', `CREATE ROLE ${owner}; CREATE ROLE ${app} LOGIN PASSWORD '${password}'`)
    await pair.as(pair.writer, 'postgres', `CREATE DATABASE ${database} OWNER ${owner}`)
    await root(guide(password))
    control = createPostgresControl({ user: recovery, password, database, tls: 'disable' })
    postgres = createPostgres({ user: collector, password, database, tls: 'disable' })
  }, 180_000)
  afterAll(() => pair?.stop())
  // Each test begins with an application that is open and a recovery role as the guide makes it.
  beforeEach(async () => {
    await root(
      `ALTER DATABASE ${database} RESET default_transaction_read_only; ALTER ROLE ${app} LOGIN NOREPLICATION NOSUPERUSER;
       REVOKE ${app}, ${owner}, pg_signal_backend FROM ${recovery}; ALTER ROLE ${recovery} CREATEROLE;
       GRANT ${app} TO ${recovery} WITH ADMIN OPTION; GRANT ${owner}, pg_signal_backend TO ${recovery}`,
    )
  })

  test('the statements of the guide allow the whole fence, and its way back', async () => {
    expect(await gaps()).toEqual([])
    const { lost } = await pair.signIn(app, database)
    expect(await judged()).toMatchObject({ kind: 'open' })
    await fence()
    expect(await lost).toBe('57P01')
    await expect(pair.signIn(app, database)).rejects.toMatchObject({ code: '28000' })
    expect(await judged()).toMatchObject({ kind: 'fenced', says: expect.stringContaining(`A write by ${app}`) })
    await run(unfenceBySql(context(), environment))
    expect(await judged()).toMatchObject({ kind: 'open' })
    await (await pair.signIn(app, database)).client.end()
  })

  test('without ADMIN OPTION the role that stays open is named, and the rest of the fence is done', async () => {
    await root(`REVOKE ${app} FROM ${recovery}`)
    const { lost } = await pair.signIn(app, database)
    const before = await gaps()
    if (major === 15) {
      expect(before).toEqual([])
      await fence()
      expect(await judged()).toMatchObject({ kind: 'fenced' })
      return
    }
    expect(before.map((g) => [g.of, g.remedy])).toEqual([[app, `GRANT "${app}" TO "${recovery}" WITH ADMIN OPTION`]])
    await expect(fence()).rejects.toMatchObject({
      message: expect.stringContaining(
        `refused 1 of 4 statements: ALTER ROLE "${app}" NOLOGIN (42501). Done: ALTER DATABASE`,
      ),
      detail: { outcome: 'unknown' },
    })
    expect(await lost).toBe('57P01')
    expect(await control.look(address(), [app])).toMatchObject({
      canLogin: [app],
      sessions: 0,
      readOnlyByDefault: true,
    })
    expect(await judged()).toMatchObject({ kind: 'open', says: expect.stringContaining(`${app} may log in`) })
    // What the prerequisites propose is enough.
    for (const { remedy } of before) if (remedy) await root(remedy)
    expect(await gaps()).toEqual([])
    await fence()
    expect(await judged()).toMatchObject({ kind: 'fenced' })
  })

  test.runIf(major >= 16).each([
    ['SET TRUE', app],
    ['SET FALSE', 'our own role'],
  ])('ADMIN OPTION without inheritance and with %s is enough; the write is tried by %s', async (option, by) => {
    await root(`REVOKE ${app} FROM ${recovery}; GRANT ${app} TO ${recovery} WITH ADMIN TRUE, INHERIT FALSE, ${option}`)
    expect(await gaps()).toEqual([])
    await fence()
    expect(await judged()).toMatchObject({ kind: 'fenced', says: expect.stringContaining(`A write by ${by}`) })
  })

  test.each([
    ['nothing is taken away', ''],
    ['CREATEROLE', `ALTER ROLE ${recovery} NOCREATEROLE`],
    ['ADMIN OPTION', `REVOKE ADMIN OPTION FOR ${app} FROM ${recovery}`],
    ['membership', `REVOKE ${app} FROM ${recovery}`],
    ['the owner’s rights', `REVOKE ${owner} FROM ${recovery}`],
    ['pg_signal_backend', `REVOKE pg_signal_backend FROM ${recovery}`],
    ['a role that may not replicate', `ALTER ROLE ${app} REPLICATION`],
    ['a role that is no superuser', `ALTER ROLE ${app} SUPERUSER`],
    ['all of it', `REVOKE ${app}, ${owner}, pg_signal_backend FROM ${recovery}; ALTER ROLE ${recovery} NOCREATEROLE`],
  ])('what the prerequisites say is what the server does: without %s', async (_what, sql) => {
    if (sql) await root(sql)
    const before = await gaps()
    const sessions = await Promise.all([pair.signIn(app, database), pair.signIn(collector, database)])
    const refused = await fence().then(
      () => null,
      (error: Error) => error.message,
    )
    expect(before.length > 0, `${JSON.stringify(before)} but ${refused}`).toBe(refused !== null)
    const mayLogIn = (await root(`SELECT rolcanlogin AS open FROM pg_roles WHERE rolname = '${app}'`)).rows[0]?.open
    if (mayLogIn) expect((await judged()).kind).toBe('open')
    await Promise.all(sessions.map(({ client }) => client.end().catch(() => {})))
  })
})
