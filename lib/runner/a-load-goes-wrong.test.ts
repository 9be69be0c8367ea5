// A backup is loaded, and something goes wrong on the way: what is not whole is dropped and never gets the true name, and whoever
// decides what comes next hears what happened.
import { describe, expect, test } from 'vitest'
import type { LoadCall } from '../domain/procedure/call'
import { lentMark, loadedMark } from '../domain/restore/loaded'
import type { BackupLoader, Loaded, LoadResult } from '../ports/backup-loader'
import { PortError } from '../ports/port-error'
import type { DatabaseAdmin } from '../ports/restore'
import { sendBy } from './effects'
import { createRestorer } from './restorer'
import { TurnOver } from './turn'

const object = { place: 'own' as const, bucket: 'b', region: 'r', key: 'k', versionId: 'v', etag: 'e', size: 10 }
const call: LoadCall = {
  kind: 'load',
  run: 'run-1',
  backup: { ...object, sha256: 'ab' },
  roles: object,
  target: { instance: 'copy', region: 'r', host: 'h', port: 5432, user: 'master', database: 'app' },
  needs: { roles: ['app'], own: ['warroom'], extensions: [] },
  rest: { outbox: null, by: 'recovery' },
  limitMs: 1_000,
}
const loaded: Loaded = {
  kind: 'loaded',
  sha256: 'ab',
  plainBytes: 100,
  tables: 3,
  dumpedFrom: '15.4',
  decryptedBy: 'library',
  loadedBy: 'connection',
  elapsedMs: 1,
}

/** A server that keeps what it is told. */
function server(result: LoadResult | (() => Promise<LoadResult>), more: Partial<DatabaseAdmin> = {}) {
  const databases = new Map<string, string | null>([['postgres', null]])
  const said: string[] = []
  /** Of which roles the master is a member. */
  const member = new Set(['member'])
  const admin: DatabaseAdmin = {
    databases: async () => [...databases].map(([name, comment]) => ({ name, comment })),
    async create(_login, name) {
      databases.set(name, null)
    },
    async drop(_login, name) {
      databases.delete(name)
      said.push(`drop ${name}`)
    },
    async analyze() {
      said.push('analyze')
    },
    async lendRoles(_login, name) {
      databases.set(name, lentMark(['owner']))
      member.add('owner')
      return { all: ['member', 'owner'], lent: ['owner'] }
    },
    async run(_login, name, statements) {
      if (statements.some((one) => one.includes('UPDATE cron.job SET active = false')))
        said.push(`rest ${databases.has(name)}`)
    },
    async takeRolesBack(_login, roles) {
      for (const role of roles) member.delete(role)
    },
    async closeSchema() {
      said.push('close')
    },
    async complete(_login, partial, name, comment) {
      databases.delete(partial)
      databases.set(name, comment)
    },
    async giveRole(_login, role) {
      said.push(`role ${role}`)
    },
    ...more,
  }
  const loader: BackupLoader = {
    tools: async () => ({ gpg: null, psql: null, pgRestore: null }),
    load: async () => (typeof result === 'function' ? await result() : result),
    loadRoles: async () => ({ result: loaded, created: ['app'] }),
  }
  const restorer = createRestorer({
    loader,
    admin,
    masters: { passwordOf: async () => 'of-the-master' },
    ownPasswords: { warroom: 'p' },
    tls: null,
    signed: true,
  })
  const send = (holds = () => true) =>
    sendBy(
      {
        fleet: { execute: async () => Promise.reject(new Error('none')) },
        workloads: null,
        poolers: [],
        control: null,
        restorer,
      },
      { holds },
    )(call, new AbortController().signal)
  return { databases, said, member, restorer, send }
}
const names = ({ databases }: { databases: Map<string, string | null> }) => [...databases.keys()]
const failed = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof PortError)) throw error ?? new Error('it did not fail')
  return error
}

test('what is whole gets its name, its mark, new statistics, and the passwords of our own roles', async () => {
  const one = server(loaded)
  expect(await one.send()).toMatchObject({ bytes: 100, tables: 3, roles: 1 })
  expect([...one.databases]).toEqual([
    ['postgres', null],
    ['app', loadedMark('run-1', call.backup)],
  ])
  expect(one.said).toEqual(['rest true', 'close', 'analyze', 'role warroom'])
  expect([...one.member]).toEqual(['member'])
})

test('what an earlier attempt has left is dropped first, and what is whole already is left as it is', async () => {
  const one = server(loaded)
  one.databases.set('app_partial_ffffffff', null)
  await one.send()
  expect(one.said[0]).toBe('drop app_partial_ffffffff')
  const again = server({ kind: 'died', says: 'It must not be loaded again.', touched: true })
  again.databases.set('app', loadedMark('run-1', call.backup))
  expect(await again.send()).toMatchObject({ loadedBy: 'an earlier attempt' })
  expect(again.said).toEqual(['role warroom'])
})

describe.each<[string, LoadResult, Partial<PortError>]>([
  [
    'a disk that is full',
    { kind: 'failed', sqlState: '53100', says: 'The server has no disk space left.', touched: true },
    { errorClass: 'capacity' },
  ],
  [
    'bytes that prove damaged',
    { kind: 'damaged', damage: 'checksum-differs', says: 'SHA-256 differs from the metadata.', touched: true },
    { errorClass: 'other' },
  ],
  ['a wrong key', { kind: 'damaged', damage: 'wrong-key', says: 'The key does not open it.', touched: false }, {}],
  [
    'a dump that is too new',
    { kind: 'refused', reason: 'too-new', missing: [], says: 'The dump is too new.', touched: false },
    { errorClass: 'config' },
  ],
  ['a program that dies', { kind: 'died', says: 'The loading program ended.', touched: true }, {}],
  [
    'S3 that is away',
    { kind: 'unreachable', who: 's3', says: 'S3 is away.', touched: true },
    { errorClass: 'unreachable' },
  ],
])('%s', (_what, result, like) => {
  test('is said, and leaves nothing', async () => {
    const one = server(result)
    const error = await failed(one.send())
    expect(error).toMatchObject({ ...like, message: result.kind === 'loaded' ? '' : result.says })
    // The database was dropped, so certainly nothing of it is left.
    expect(error.detail.outcome).toBe('rejected')
    expect(names(one)).toEqual(['postgres'])
    expect([...one.member]).toEqual(['member'])
  })
  test('is in doubt when what is left cannot be dropped, and never has the true name', async () => {
    const one = server(result, {
      async drop() {
        throw new PortError('unreachable', 'The server is away.', { outcome: 'unknown', probe: 'other' })
      },
    })
    expect((await failed(one.send())).detail.outcome).toBe('unknown')
    expect(names(one)).not.toContain('app')
  })
})

describe('the master, which is a member of the owners while a backup is loaded,', () => {
  const lent = (one: ReturnType<typeof server>, ...roles: string[]) => {
    one.databases.set('app_partial_ffffffff', lentMark(roles))
    for (const role of roles) one.member.add(role)
  }
  test('is none any more after the attempt that follows a runner that was killed, and stays what it was before', async () => {
    const one = server(loaded)
    lent(one, 'owner', 'a, "b" = c')
    await one.send()
    expect([...one.member]).toEqual(['member'])
    expect(names(one)).toEqual(['postgres', 'app'])
  })
  test('is none any more, too, where the answer that made it one was lost', async () => {
    const one = server(loaded, {
      async lendRoles(_login, name) {
        one.databases.set(name, lentMark(['owner']))
        one.member.add('owner')
        throw new PortError('unreachable', 'The connection was lost.', { outcome: 'unknown', probe: 'other' })
      },
    })
    expect((await failed(one.send())).detail.outcome).toBe('rejected')
    expect([...one.member]).toEqual(['member'])
    expect(names(one)).toEqual(['postgres'])
  })
  test('is taken out of them before the database that names them is dropped', async () => {
    let away = true
    const one = server(loaded, {
      async takeRolesBack(_login, roles) {
        if (away) throw new PortError('unreachable', 'The server is away.', { outcome: 'unknown', probe: 'other' })
        for (const role of roles) one.member.delete(role)
      },
    })
    lent(one, 'owner')
    await failed(one.send())
    expect(names(one)).toContain('app_partial_ffffffff')
    away = false
    await one.send()
    expect([...one.member]).toEqual(['member'])
  })
})

test('roles that are missing are named', async () => {
  const one = server({
    kind: 'refused',
    reason: 'role-missing',
    missing: ['app'],
    says: 'Roles are missing.',
    touched: false,
  })
  expect((await failed(one.send())).message).toContain('Missing: app.')
})

test('an answer that is lost after the name was given counts as done', async () => {
  const one = server(loaded, {
    async complete(_login, partial, name, comment) {
      one.databases.delete(partial)
      one.databases.set(name, comment)
      throw new PortError('unreachable', 'The connection was lost.', { outcome: 'unknown', probe: 'other' })
    },
  })
  await one.send()
  expect(names(one)).toEqual(['postgres', 'app'])
  expect(one.said).not.toContainEqual(expect.stringContaining('drop'))
})

test('a runner whose turn ended while it loaded finishes nothing', async () => {
  let holds = true
  const one = server(async () => {
    holds = false
    return loaded
  })
  await expect(one.send(() => holds)).rejects.toBeInstanceOf(TurnOver)
  expect(names(one)).not.toContain('app')
})

test('a database of somebody else under the true name is left alone', async () => {
  const one = server(loaded)
  one.databases.set('app', 'of somebody else')
  expect((await failed(one.send())).errorClass).toBe('exists')
  expect([...one.databases]).toContainEqual(['app', 'of somebody else'])
  expect(one.said).toEqual([])
})
