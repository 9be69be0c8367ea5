// The home region stops responding, or only a part of it, or only the way between the regions: what people have in a terminal
// (aws, kubectl, psql) meets it as it would meet the real thing, and afterwards everything is back as it was.
import { execFile } from 'node:child_process'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Cli, cliOf } from '../aws/cli-testing'
import type { Address } from '../contract'
import { type Kubectl, kubectlIn } from '../kubernetes/kubectl-program'
import { labEndpoints } from '../ports'
import { registerRooms } from '../rooms'
import { backupBucket, replicaBucket } from '../s3/object'
import { startTestLab, type TestLab } from '../testing'

let lab: TestLab
let home: Cli
let elsewhere: Cli
let kubectl: Kubectl
const dr = ['--context', 'castmatch-dr-us-east-1', '-n', 'production']
const replica = 'castmatch-xregion-replica'
const short = ['--cli-read-timeout', '3', '--cli-connect-timeout', '3']

beforeAll(async () => {
  lab = await startTestLab({ basePort: 24_600, speedup: 60, register: (one) => void registerRooms(one) })
  const { secrets, context } = lab.lab
  home = cliOf({ url: lab.url, secrets })
  elsewhere = cliOf({ url: `http://${labEndpoints.elsewhere}:${context.ports.http}`, secrets })
  kubectl = kubectlIn(context.dataDir)
  await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=60s')
})
afterEach(() => lab.lab.heal(null))
afterAll(async () => {
  await lab?.end()
  home?.end()
  elsewhere?.end()
})

type Answer = 'answers' | 'silent' | 'refused'

const cluster = () => lab.lab.context.cluster
const node = (id: string): Address => {
  const found = cluster().node(id)
  if (!found) throw new Error(`no node ${id}`)
  return found.address
}

/** One statement by psql: what it prints, or how it failed. */
function psql(address: Address, sql: string, user: 'warroom' | 'castmatch_app' = 'warroom', name = 'psql') {
  const { secrets, context } = lab.lab
  const password = user === 'warroom' ? secrets.warroomPassword : secrets.applicationPassword
  const env = {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'test' as const,
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: context.cluster.databaseName,
    PGAPPNAME: name,
    PGCONNECT_TIMEOUT: '3',
  }
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile('psql', ['-XAtc', sql], { env, timeout: 8_000 }, (error, stdout, stderr) =>
      done({ code: error ? 1 : 0, stdout: stdout.trim(), stderr }),
    )
  })
}

const asked = ({ code, stderr }: { code: number | null; stderr: string }): Answer => {
  if (code === 0) return 'answers'
  return /timed? ?out|timeout|deadline/i.test(stderr) || stderr === '' ? 'silent' : 'refused'
}
const rds = async (region: string, from = home) =>
  asked(await from.run(['rds', 'describe-db-instances', '--region', region, ...short]))
const s3 = async (region: string, bucket: string) =>
  asked(await home.run(['s3api', 'head-bucket', '--bucket', bucket, '--region', region, ...short]))
const sql = async (address: Address, name?: string) => asked(await psql(address, 'SELECT 1', 'warroom', name))
const pods = async (...context: string[]) =>
  kubectl('get', 'pods', '--request-timeout=3s', ...context).then(
    (): Answer => 'answers',
    (error: Error): Answer => asked({ code: 1, stderr: error.message }),
  )
const prometheus = () =>
  fetch(`${lab.url}/prometheus/-/ready`, { signal: AbortSignal.timeout(3000) }).then(
    (): Answer => 'answers',
    (error: Error): Answer => (error.name === 'TimeoutError' ? 'silent' : 'refused'),
  )
const pooler = (): Address => ({ host: labEndpoints.poolerService, port: lab.lab.context.ports.pgbouncer })

/** Every endpoint of the home region, asked at once. */
async function homeRegion() {
  const [control, identity, kubernetes, bucket, writer, reader, endpoint, poolers, metrics] = await Promise.all([
    rds('us-west-2'),
    home.run(['sts', 'get-caller-identity', ...short]).then(asked),
    pods(),
    s3('us-west-2', backupBucket),
    sql(node('castmatch-prod-primary')),
    sql(cluster().readerEndpoint),
    sql(cluster().writerEndpoint),
    psql(pooler(), 'SELECT 1', 'castmatch_app').then(asked),
    prometheus(),
  ])
  return { control: [control, identity, kubernetes], data: [bucket, writer, reader, endpoint, poolers, metrics] }
}
async function otherRegion() {
  const asks = [rds('us-east-1'), pods(...dr), s3('us-east-1', replicaBucket), sql(node(replica))]
  return Promise.all(asks)
}

const all = (answer: Answer, count: number) => Array.from({ length: count }, () => answer)
const acknowledged = async () => Number((await psql(cluster().writerEndpoint, 'SELECT count(*) FROM commits')).stdout)
const streams = async () =>
  (await psql(node(replica), "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'")).stdout

async function everythingIsBack(before: number): Promise<void> {
  expect(await homeRegion()).toEqual({ control: all('answers', 3), data: all('answers', 6) })
  const role = await psql(cluster().writerEndpoint, 'SELECT pg_is_in_recovery()')
  expect(role.stdout).toBe('f')
  // The application's own pods write again, without anybody having touched them.
  await expect.poll(acknowledged, { timeout: 30_000, interval: 300 }).toBeGreaterThan(before)
  await expect.poll(streams, { timeout: 30_000, interval: 300 }).toBe('1')
}

test.each([
  ['hang', 'silent'],
  ['refuse', 'refused'],
] as const)(
  'a region that is down (%s) meets everybody so; the other one answers, and the writer is back',
  async (how, met) => {
    const before = await acknowledged()
    await lab.lab.startFault('region-outage', 'region', { how })
    const { control, data } = await homeRegion()
    // kubectl asks again when it is refused, until its own time is over.
    const kubernetes = expect.stringMatching(how === 'hang' ? /^silent$/ : /^(silent|refused)$/)
    expect({ control, data }).toEqual({ control: [met, met, kubernetes], data: all(met, 6) })
    expect(await otherRegion()).toEqual(all('answers', 4))
    expect(cluster().node('castmatch-prod-primary')).toMatchObject({ running: true, role: 'writer' })
    await lab.lab.heal('region-outage')
    await everythingIsBack(before)
  },
)

test.each([
  ['control-plane', 'silent', 'answers'],
  ['data-plane', 'answers', 'silent'],
] as const)('an outage of the %s only leaves the rest of the region as it is', async (target, control, data) => {
  await lab.lab.startFault('region-outage', target, {})
  expect(await homeRegion()).toEqual({ control: all(control, 3), data: all(data, 6) })
  expect(await otherRegion()).toEqual(all('answers', 4))
})

test('a slow, lossy link delays who comes from the other region, and WAL goes on arriving there', async () => {
  const took = async (ask: () => Promise<Answer>) => {
    const begun = Date.now()
    expect(await ask()).toBe('answers')
    return Date.now() - begun
  }
  await lab.lab.startFault('region-link', null, { latencyMs: 400 })
  expect(await took(() => rds('us-west-2', elsewhere))).toBeGreaterThanOrEqual(800)
  // The first message of a connection and the answer to it, and the same for the sign-in.
  expect(await took(() => sql(cluster().writerEndpoint, 'castmatch-warroom-dr'))).toBeGreaterThanOrEqual(800)
  const held = () => psql(node(replica), "SELECT pg_last_wal_receive_lsn() - '0/0'").then((r) => Number(r.stdout))
  const before = await held()
  await expect.poll(held, { timeout: 20_000, interval: 300 }).toBeGreaterThan(before)
})

test('while the regions cannot reach each other both write, and both keep what they wrote', async () => {
  await lab.lab.startFault('region-partition', null, { seconds: 30 })
  expect(await rds('us-west-2')).toBe('answers')
  expect(await rds('us-west-2', elsewhere)).toBe('silent')
  expect(await sql(cluster().writerEndpoint)).toBe('answers')
  expect(await sql(cluster().writerEndpoint, 'castmatch-warroom-dr')).toBe('silent')
  await elsewhere.json('rds', 'promote-read-replica', '--db-instance-identifier', replica, '--region', 'us-east-1')
  const promoted = () => psql(node(replica), 'SELECT pg_is_in_recovery()').then(({ stdout }) => stdout)
  await expect.poll(promoted, { timeout: 30_000, interval: 300 }).toBe('f')
  const { host, port } = node(replica)
  await kubectl('set', 'env', 'deployment/castmatch-api', `DATABASE_HOST=${host}:${port}`, ...dr)
  await kubectl('scale', 'deployment/castmatch-api', '--replicas=2', ...dr)
  await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=60s', ...dr)
  const own = async (context: string[], at: Address) => {
    const names = (await kubectl('get', 'pods', '-o', 'name', ...context)).trim().split('\n')
    const list = names.map((name) => `'${name.replace('pod/', '')}'`).join()
    return Number((await psql(at, `SELECT count(*) FROM commits WHERE worker IN (${list})`)).stdout)
  }
  await expect.poll(() => own(dr, node(replica)), { timeout: 20_000 }).toBeGreaterThan(5)
  expect(await own(dr, cluster().writerEndpoint)).toBe(0)
  const before = await acknowledged()
  await expect.poll(acknowledged, { timeout: 20_000 }).toBeGreaterThan(before)
  // By itself, when its time is over.
  await expect.poll(() => sql(cluster().writerEndpoint, 'castmatch-warroom-dr'), { timeout: 60_000 }).toBe('answers')
  expect(await own(dr, cluster().writerEndpoint)).toBe(0)
  expect((await psql(cluster().writerEndpoint, 'SELECT pg_is_in_recovery()')).stdout).toBe('f')
  expect(await promoted()).toBe('f')
  await kubectl('scale', 'deployment/castmatch-api', '--replicas=0', ...dr)
})
