/*
 * The home region stops responding while the other one lives, seen by two collectors that are real: one here, and one in the
 * other region as a process of its own, with its own way to every API. What does the War Room say, and what may it never say?
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { registerRooms } from '../lab/rooms'
import { startTestLab, type TestLab } from '../lab/testing'
import { createKubernetes } from '../lib/adapters/kubernetes/index'
import { createPostgres } from '../lib/adapters/postgres/index'
import { createRds } from '../lib/adapters/rds/index'
import { createVantage } from '../lib/adapters/vantage/index'
import { Collector } from '../lib/collector/collector'
import { StoreHealth } from '../lib/collector/store-health'
import { labTempo } from '../lib/collector/tempo'
import {
  labEnvironment,
  labRunnerSecrets,
  labVantageEnvironment,
  readLabConnection,
} from '../lib/config/lab-environment'
import type { Snapshot } from '../lib/domain/cluster/types'
import { recommended } from '../lib/domain/procedure/catalogue'
import { systemClock } from '../lib/ports/clock'
import { catalogue } from '../lib/procedures/index'

const root = join(import.meta.dirname, '..')
const secret = randomBytes(32).toString('hex')
/** Held for its hold, and cleared for its clearing time, at the lab's pace and on a busy machine. */
const patienceMs = 120_000
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

let started: TestLab
let files = ''
let url = ''
let vantage: ChildProcess | null = null
let collector: Collector
let fleet: ReturnType<typeof createRds>
const seen: Snapshot[] = []
let environmentOf: Record<string, string | undefined> = {}

beforeAll(async () => {
  started = await startTestLab({ basePort: 26_100, register: (lab) => void registerRooms(lab) })
  files = mkdtempSync(join(tmpdir(), 'wr-vantage-'))
  const port = await getPort({ host: '127.0.0.1', port: Array.from({ length: 90 }, (_, i) => 26_400 + i) })
  url = `http://127.0.0.1:${port}`
  const { lab } = started
  const connection = readLabConnection(lab.context.dataDir)
  const environment = labEnvironment(connection, { vantage: port, lab: lab.context.ports })
  const config = join(files, 'environment.json')
  writeFileSync(config, JSON.stringify(labVantageEnvironment(environment, connection)))
  environmentOf = {
    ...labRunnerSecrets(connection),
    WARROOM_CONFIG: config,
    WARROOM_VANTAGE_SECRET: secret,
    VANTAGE_PORT: String(port),
  }
  await startVantage()
  const { aws, database, kubernetes } = environment
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey, warroomPassword } = lab.secrets
  const credentials = { accessKeyId, secretAccessKey }
  fleet = createRds({ region: aws.region, drRegion: aws.drRegion, endpointUrl: aws.endpointUrl, credentials })
  if (!kubernetes) throw new Error('the lab has no Kubernetes')
  collector = new Collector(
    systemClock,
    {
      fleet,
      database: createPostgres({
        user: database.user,
        password: warroomPassword,
        database: database.name,
        tls: 'disable',
      }),
      workloads: { port: createKubernetes(kubernetes), namespace: kubernetes.namespace, deployment: 'castmatch-api' },
      poolers: [],
      metrics: null,
      vantage: createVantage({ url, secret }),
      history: null,
      damage: null,
    },
    {
      name: 'lab-test',
      environment: {
        ...{ name: 'lab', kind: 'lab', region: aws.region, drRegion: aws.drRegion, cluster: aws.clusterId },
        crossRegionReplicaId: aws.crossRegionReplicaId,
      },
      data: { name: database.name, user: database.user, criticalTables: [], invariants: [] },
      objectives: { rpo: { targetSeconds: 900, maximumSeconds: 3600 }, monthlyAvailability: 0.999 },
      tempo: labTempo,
    },
    new StoreHealth(systemClock),
    { snapshot: (s) => void seen.push(s), lag: () => {}, mark: () => {} },
    { warn: () => {}, info: () => {} },
  )
  collector.start(1)
  await until(
    (s) =>
      s.diagnosis.kind === 'healthy' && regionWords(s) === 'home 5 ok, elsewhere 4 ok' && voteElsewhere(s) === 'ok',
  )
})
afterEach(async () => {
  await started.lab.heal(null)
})
afterAll(async () => {
  await collector?.stop()
  fleet?.close()
  await endVantage()
  await started?.end()
  rmSync(files, { recursive: true, force: true })
})

async function startVantage(): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'bin/vantage.ts')], {
    cwd: root,
    env: { ...process.env, ...environmentOf },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  vantage = child
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000)
  })
  const deadline = Date.now() + 60_000
  while (
    !(await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`the collector did not start: ${complaint}`)
    await new Promise((done) => setTimeout(done, 100))
  }
}

async function endVantage(): Promise<void> {
  const child = vantage
  vantage = null
  if (!child || child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function until(wanted: (s: Snapshot) => boolean, from = seen.length): Promise<Snapshot> {
  const deadline = Date.now() + patienceMs
  let at = Math.max(0, from - 1)
  for (;;) {
    const found = seen.slice(at).find(wanted)
    if (found) return found
    if (Date.now() > deadline) {
      const { diagnosis, regions } = seen.at(-1) ?? {}
      throw new Error(`not seen; last: ${JSON.stringify({ diagnosis, regions })}`)
    }
    at = Math.max(0, seen.length - 1)
    await new Promise((done) => setTimeout(done, 100))
  }
}

const regionWords = ({ regions: { value } }: Snapshot): string => {
  const count = (list: { vote: string }[] = []) =>
    ['ok', 'fail', 'unknown']
      .map((vote) => [list.filter((one) => one.vote === vote).length, vote] as const)
      .filter(([n]) => n > 0)
      .map(([n, vote]) => `${n} ${vote}`)
      .join(', ')
  return `home ${count(value?.home)}, elsewhere ${count(value?.elsewhere)}`
}
const voteElsewhere = (s: Snapshot) => s.votes.find(({ vantage: place }) => place === 'dr-region')?.vote
const isRegion = (s: Snapshot) => s.diagnosis.kind === 'region-outage'

test('the report is handed to whoever knows the secret, and to nobody else', async () => {
  const asked = (authorization?: string) =>
    fetch(`${url}/report`, authorization ? { headers: { authorization } } : {}).then(({ status }) => status)
  expect(await asked()).toBe(401)
  expect(await asked('Bearer wrong')).toBe(401)
  expect(await asked(`Bearer ${secret}`)).toBe(200)
  const answer = await fetch(`${url}/report`, { headers: { authorization: `Bearer ${secret}` } })
  const text = await answer.text()
  expect(text).toContain('"vantage":"dr-region"')
  for (const hidden of [started.lab.secrets.warroomPassword, started.lab.secrets.awsSecretAccessKey, secret])
    expect(text).not.toContain(hidden)
})

test('an outage of the region is suspected, confirmed, and over when it is over', async () => {
  const from = seen.length
  await started.lab.startFault('region-outage', 'region', { how: 'hang' })
  const suspected = await until((s) => isRegion(s) && s.diagnosis.certainty === 'suspected', from)
  expect(suspected.diagnosis).toMatchObject({ scenario: 'S3', recommend: false })
  expect(suspected.diagnosis.headline).toMatch(/^us-west-2 is not responding: \d of 5 services fail from us-east-1\.$/)
  const confirmed = await until((s) => isRegion(s) && s.diagnosis.certainty === 'confirmed', from)
  expect(confirmed.diagnosis).toMatchObject({
    scenario: 'S3',
    recommend: true,
    region: { writer: { scenario: 'S1' } },
  })
  expect(regionWords(confirmed)).toBe('home 5 fail, elsewhere 4 ok')
  expect(voteElsewhere(confirmed)).not.toBe('ok')
  // A failover is not what this calls for.
  expect(recommended(confirmed.diagnosis, catalogue, confirmed)?.entry).toMatchObject({ key: 'P3' })
  expect(confirmed.nodes.find(({ role }) => role === 'cross-region')).toMatchObject({ region: 'us-east-1' })
  expect(confirmed.nodes.find(({ id }) => id === 'castmatch-prod-primary')).toMatchObject({ state: 'unknown' })
  const healed = seen.length
  await started.lab.heal('region-outage')
  const again = await until((s) => isRegion(s) && s.diagnosis.headline === 'us-west-2 is responding again.', healed)
  expect(again.diagnosis.recommend).toBe(false)
  await until((s) => s.diagnosis.kind === 'healthy', healed)
})

test('a way that is cut between us and the writer only is our own partition: the other region still reaches it', async () => {
  const from = seen.length
  await started.lab.startFault('partition', 'castmatch-prod-primary', {})
  const cut = await until((s) => s.diagnosis.kind === 'own-partition' && s.diagnosis.certainty === 'confirmed', from)
  expect(voteElsewhere(cut)).toBe('ok')
  expect(cut.diagnosis).toMatchObject({ scenario: null, recommend: false })
  expect(seen.slice(from).some((s) => isRegion(s) || s.diagnosis.kind === 'primary-down')).toBe(false)
  await started.lab.heal('partition')
  await until((s) => s.diagnosis.kind === 'healthy', seen.length)
})

test('a way that is cut between the regions is no outage: the home region answers us', async () => {
  const from = seen.length
  await started.lab.startFault('region-partition', null, { seconds: 0 })
  const cut = await until((s) => regionWords(s) === 'home 5 fail, elsewhere 4 ok', from)
  // Twice as long as a suspicion takes.
  await until((s) => s.takenAt > cut.takenAt + 2 * labTempo.region.suspectMs, from)
  expect(seen.slice(from).some((s) => isRegion(s) || s.diagnosis.kind === 'primary-down')).toBe(false)
  await started.lab.heal('region-partition')
  await until((s) => s.diagnosis.kind === 'healthy' && regionWords(s) === 'home 5 ok, elsewhere 4 ok', seen.length)
})

test('a collector in the other region that is silent is unknown: never fine, and no outage of anything', async () => {
  const from = seen.length
  await endVantage()
  const silent = await until((s) => regionWords(s) === 'home 5 unknown, elsewhere 4 unknown', from)
  expect(silent.regions.error).not.toBeNull()
  expect(silent.diagnosis.kind).toBe('healthy')
  await startVantage()
  await until((s) => regionWords(s) === 'home 5 ok, elsewhere 4 ok', seen.length)
})
