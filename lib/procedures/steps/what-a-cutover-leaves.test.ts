// The application is on the copy, and people do what the cutover left to them: each open item is met when the world shows it.
import { expect, test } from 'vitest'
import type { WatchContext, World } from '../contract'
import { duty, type Obligation } from '../facts'
import { everything } from '../testing/surroundings'
import { baselineBeforeDamage } from './baseline-before-damage'
import type { CopyFacts } from './copy-facts'
import { watchCutover } from './watch-cutover'

const node = (id: string, host: string) => ({
  ...{ id, host, port: 5432, zone: 'a', instanceClass: 'c', timeline: 1, lsn: null, multiAz: false },
  securityGroupIds: [],
})
const facts: CopyFacts = {
  ...{ openedAt: 1, copyId: 'copy', topology: 'hybrid', members: ['old-1', 'old-2'] },
  writerBefore: node('old-1', 'source.example'),
  target: node('copy-1', 'copy.example'),
  endpoint: { host: 'copy.example', port: 5432 },
  workloads: [
    { deployment: 'api', replicas: 2, containers: [{ container: 'a', init: false, by: 'value', host: 'p:6432' }] },
  ],
}
const owed = [
  duty('pooler-host-p', 'Route the pooler', 'Enter copy.example there.', ['connectivity']),
  duty('past-pooler-api', 'Set DATABASE_HOST of api again', 'Its pods connect past the poolers.'),
  duty('guard-copy', 'Set aws.clusterId', 'The War Room still monitors the source.'),
  duty('name-db.internal', 'Point db.internal', 'It still resolves to the source.', ['dns']),
  duty('readers', 'Create 1 reader', 'The copy has 0.', ['replication']),
  duty('retain-source', 'Keep the source', 'It holds rows that nothing else has.'),
]
interface Is {
  pool: { host: string; paused: boolean }
  podHost: string
  cluster: string
  name: string
  readers: string[]
}
const before: Is = {
  ...{ pool: { host: 'source.example', paused: true }, podHost: 'copy.example', cluster: 'source' },
  ...{ name: '192.0.2.1', readers: [] },
}

function worldOf({ pool, podHost, cluster, name, readers }: Is): World {
  const position = (standby: boolean) => ({
    ...{ standby, timeline: 2, beat: null, flushLsn: 1n, haveLsn: 1n },
    receiver: standby ? { status: 'streaming', timeline: 2 } : null,
  })
  const answer = { kind: 'answer', alias: null, addresses: [name], ttlSeconds: 5 }
  const told = [{ kind: 'cluster', address: '192.0.2.53', answer, error: null }]
  const instances = [{ id: 'copy-1', isWriter: true, address: { host: 'copy.example', port: 5432 } }].concat(
    readers.map((id) => ({ id, isWriter: false, address: { host: id, port: 5432 } })),
  )
  return {
    environment: { ...everything, aws: { ...everything.aws, clusterId: cluster } },
    poolers: [
      {
        name: 'p',
        target: async () => ({ host: pool.host, port: 5432 }),
        pools: async () => ({
          ...{ paused: pool.paused, pausedAll: false, clientsActive: 0, clientsWaiting: 0 },
          ...{ serversActive: 0, serversIdle: 0, maxWaitSeconds: 0 },
        }),
      },
    ],
    ask: async ({ host }: { host: string }, question: (probe: object) => unknown) =>
      question({ position: async () => position(readers.includes(host)) }),
    resolve: async () => ['192.0.2.7'],
    snapshot: () => ({ names: { value: [{ use: 'database', name: 'db.internal', answers: told, agreedSince: 0 }] } }),
    workloads: {
      read: async () => ({
        containers: [{ name: 'a', init: false, env: { DATABASE_HOST: podHost }, references: {} }],
      }),
    },
    fleet: {
      restorable: async () => ({
        ...{ id: 'copy', kind: 'cluster', tags: { 'dr-run': 'run' }, window: { earliestAt: 1, latestAt: 2 } },
        ...{ attributes: { backupRetentionDays: 7 }, instances },
      }),
    },
  } as unknown as World
}

async function after(is: Partial<Is>, obligations: Obligation[] = owed) {
  const ctx = { runId: 'run', inputs: {}, facts: { ...facts, obligations } } as unknown as WatchContext<
    unknown,
    CopyFacts
  >
  const sight = await watchCutover.look(worldOf({ ...before, ...is }), ctx)
  const news = sight.news({ obligations })
  expect('send' in sight).toBe(false)
  return {
    says: news?.says ?? null,
    met: (news?.facts.obligations ?? []).filter(({ state }) => state === 'met').map(({ id }) => id),
    why: (id: string) => news?.facts.obligations?.find((one) => one.id === id)?.why,
  }
}

test('nothing is news while nothing was done', async () => {
  expect((await after({})).says).toBeNull()
})

test('a pooler that was routed to the copy is still paused until somebody resumes it', async () => {
  const routed = await after({ pool: { host: 'copy.example', paused: true } })
  expect(routed.met).toEqual([])
  expect(routed.why('pooler-host-p')).toContain('RESUME it')
  expect((await after({ pool: { host: 'copy.example', paused: false } })).met).toEqual(['pooler-host-p'])
})

test.each<[string, Partial<Is>]>([
  ['past-pooler-api', { podHost: 'p:6432' }],
  ['guard-copy', { cluster: 'copy' }],
  ['name-db.internal', { name: '192.0.2.7' }],
  ['readers', { readers: ['copy-2'] }],
])('%s is met when the world shows it, whoever did it', async (id, is) => {
  expect((await after(is)).met).toEqual([id])
})

test('what people closed meanwhile stays as they left it, and the old database is theirs alone', async () => {
  const closed = owed.map((one) => ({ ...one, state: one.id === 'readers' ? ('accepted' as const) : one.state }))
  expect((await after({ readers: ['copy-2'] }, closed)).says).toBeNull()
  const all = { pool: { host: 'copy.example', paused: false }, podHost: 'p:6432', cluster: 'copy', name: '192.0.2.7' }
  expect((await after({ ...all, readers: ['copy-2'] })).met).not.toContain('retain-source')
})

test('once the copy serves, its data is held against what the validated copy had of every table', () => {
  const table = (name: string, rows: number) => ({
    ...{ table: name, rows, upTo: String(rows), within: rows, checksum: `${name} ${rows}` },
  })
  const survey = {
    ...{ at: 1, standby: false, sequences: [], slots: [], unlogged: [], extensions: [], invalidIndexes: [] },
    ...{ collationDrift: [], prepared: [], indexes: null, gaps: [] },
    tables: [table('users', 40), table('commits', 900)],
  }
  const stored = {
    baseline: {
      takenAt: 1,
      from: null,
      survey,
      slots: null,
      nodes: [],
      losses: [],
      cluster: null,
      deployments: [],
      gaps: [],
    },
    goodSample: { copy: 'copy', tables: [table('users', 100)] },
    copySample: { copy: 'copy', tables: [table('users', 100), table('commits', 700)] },
  }
  const rows = (more: object) =>
    Object.fromEntries(
      (baselineBeforeDamage({ ...stored, ...more })?.survey?.tables ?? []).map((one) => [one.table, one.rows]),
    )
  // Before that the source is checked, of which the copy tells only what was damaged.
  expect(rows({})).toEqual({ users: 100, commits: 900 })
  expect(rows({ openedAt: 2 })).toEqual({ users: 100, commits: 700 })
})
