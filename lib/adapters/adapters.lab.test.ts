/**
 * All adapters against one lab, as the collector and a procedure use them: healthy first, then through the death of the
 * writer, a failover whose answer is lost, and an API that does not answer. The tests follow each other's world.
 */

import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { registerAws } from '../../lab/aws/index'
import { registerKubernetes } from '../../lab/kubernetes/index'
import { poolerAdmin, poolerPassword, registerPooler } from '../../lab/pooler/index'
import { registerPrometheus } from '../../lab/prometheus/index'
import { startTestLab, type TestLab } from '../../lab/testing'
import { registerWorkload } from '../../lab/workload/index'
import { labEnvironment, readLabConnection } from '../config/lab-environment'
import { detectTopology } from '../domain/cluster/topology'
import { awsCalls } from '../domain/procedure/testing/calls'
import type { DatabaseProbe } from '../ports/database'
import type { WorkloadWatch } from '../ports/workloads'
import { createKubernetes } from './kubernetes/index'
import { createPgbouncer } from './pgbouncer/index'
import { createPostgres } from './postgres/index'
import { createPrometheus } from './prometheus/index'
import { createRds } from './rds/index'

const wait = { timeout: 30_000, interval: 50 }
const limits = { connectMs: 1_000, queryMs: 1_000 }
let running: TestLab
let world: Awaited<ReturnType<typeof connect>>

function connect({ lab }: TestLab) {
  const { cluster, ports, dataDir } = lab.context
  const facts = readLabConnection(dataDir)
  const environment = labEnvironment(facts, { lab: ports })
  const { aws, kubernetes, metrics } = environment
  if (!kubernetes || !metrics) throw new Error('the lab has both')
  const database = createPostgres({
    user: facts.collectorUser,
    password: facts.secrets.warroomPassword,
    database: facts.database,
    tls: 'disable',
  })
  const probes = new Map<string, DatabaseProbe>()
  for (const node of cluster.nodes()) probes.set(node.id, database.probe(node.id, node.address, limits))
  const pooler = { host: '127.0.0.1', port: ports.pgbouncer }
  return {
    facts,
    cluster,
    node(id: string): DatabaseProbe {
      const found = probes.get(id)
      if (!found) throw new Error(`no probe of ${id}`)
      return found
    },
    probes,
    endpoint: database.probe('endpoint', cluster.writerEndpoint, limits),
    pooled: database.probe('pooler', pooler, limits),
    rds: createRds({
      region: aws.region,
      drRegion: aws.drRegion,
      endpointUrl: aws.endpointUrl,
      credentials: { accessKeyId: facts.secrets.awsAccessKeyId, secretAccessKey: facts.secrets.awsSecretAccessKey },
      limits: { requestMs: 1_000, socketMs: 2_000, readTotalMs: 5_000 },
    }),
    kubernetes: createKubernetes({ kubeconfig: kubernetes.kubeconfig, context: kubernetes.context }),
    console: createPgbouncer({
      name: 'p',
      ...pooler,
      user: poolerAdmin,
      password: poolerPassword(lab.secrets.token),
      database: facts.database,
      tls: 'disable',
    }),
    metrics: createPrometheus(metrics),
    application: () =>
      new Client({
        ...pooler,
        user: facts.applicationUser,
        password: lab.secrets.applicationPassword,
        database: facts.database,
      }),
  }
}

beforeAll(async () => {
  running = await startTestLab({
    basePort: 21_400,
    register(lab) {
      registerPooler(lab)
      registerAws(lab)
      registerKubernetes(lab)
      registerWorkload(lab)
      registerPrometheus(lab)
    },
  })
  world = connect(running)
})
afterAll(async () => {
  if (world) {
    await Promise.all([...world.probes.values(), world.endpoint, world.pooled].map((probe) => probe.close()))
    await world.console.close()
    world.rds.close()
  }
  await running?.end()
})

describe('a healthy cluster', () => {
  test('commits heartbeats by endpoint and pooler, and every node shows them', async () => {
    const first = await world.endpoint.heartbeat()
    const second = await world.pooled.heartbeat()
    expect(second.seq).toBe(Number(first.seq) + 1)
    await vi.waitFor(async () => {
      for (const probe of world.probes.values()) {
        const position = await probe.position()
        expect(position.beat?.seq).toBeGreaterThanOrEqual(Number(second.seq))
        expect(position.timeline).toBe(1)
        if (!position.standby) expect(position.flushLsn).toBeGreaterThanOrEqual(second.lsn)
        else {
          expect(position.haveLsn).toBeGreaterThanOrEqual(second.lsn)
          expect(position).toMatchObject({ receiver: { status: 'streaming', timeline: 1 }, readOnly: true })
        }
      }
    }, wait)
    expect((await world.endpoint.replication()).map((row) => row.state)).toEqual([
      'streaming',
      'streaming',
      'streaming',
    ])
    expect((await world.endpoint.slots()).every((slot) => slot.active)).toBe(true)
  })

  test('a standby refuses the heartbeat as read-only', async () => {
    await expect(world.node('castmatch-prod-replica-1').heartbeat()).rejects.toMatchObject({
      detail: { probe: 'read-only', outcome: 'rejected' },
    })
  })

  test('is described by RDS as a hybrid with three members and a reader elsewhere', async () => {
    const { rds, facts } = world
    const identity = await rds.identity()
    expect(identity.account).toBe(facts.accountId)
    expect(Math.abs((identity.serverAt ?? 0) - Date.now())).toBeLessThan(10_000)
    const cluster = await rds.cluster(facts.clusterId)
    const instances = await rds.instances(facts.clusterId)
    expect(cluster.members.filter((m) => m.isWriter).map((m) => m.id)).toEqual(['castmatch-prod-primary'])
    expect(instances.map((i) => i.id).sort()).toEqual(cluster.members.map((m) => m.id).sort())
    expect(detectTopology(cluster, instances)).toBe('hybrid')
    expect(await rds.instance(facts.crossRegionReplicaId, facts.drRegion)).toMatchObject({
      replicaSourceId: 'castmatch-prod-primary',
      replication: { normal: true },
      region: facts.drRegion,
    })
    const asked = ['FailoverDBCluster', 'ModifyDBCluster'].map((operation) => ({ operation, resource: cluster.arn }))
    const decisions = async (principal = identity.arn) =>
      (await rds.simulate(principal, asked)).map((right) => `${right.operation} ${right.decision}`)
    await running.lab.startFault('permission-denied', null, { actions: 'rds:ModifyDBCluster' })
    expect(await decisions()).toEqual(['FailoverDBCluster allowed', 'ModifyDBCluster implicit-deny'])
    await running.lab.startFault('permission-denied', null, { actions: 'iam:SimulatePrincipalPolicy' })
    await expect(decisions()).rejects.toMatchObject({ errorClass: 'auth' })
    await running.lab.heal('permission-denied')
    await expect(decisions(`${identity.arn}-2`)).rejects.toMatchObject({ errorClass: 'missing' })
    await expect(rds.cluster('no-such-cluster')).rejects.toMatchObject({ errorClass: 'missing' })
  })

  test('runs its pods, which may be patched and scaled, and the watch follows', async () => {
    const { kubernetes } = world
    expect(await kubernetes.canI('patch', 'deployments/scale', 'production')).toBe(true)
    const watch: WorkloadWatch = kubernetes.watch('production', 'castmatch-api')
    try {
      await vi.waitFor(() => expect(watch.current().view).toMatchObject({ ready: 6, rollout: 'complete' }), wait)
      await kubernetes.scale('production', 'castmatch-api', 2)
      const before = await kubernetes.read('production', 'castmatch-api')
      const state = await kubernetes.patchEnv('production', 'castmatch-api', {
        containers: [{ name: 'api', init: false, env: { DATABASE_HOST: world.cluster.writerEndpoint.host } }],
        annotations: { 'dr.castmatch/run': 'run-1' },
      })
      expect(state.generation).toBe(before.generation + 1)
      expect(state.containers.map((c) => c.env)).toEqual(
        before.containers.map((c) => ({ ...c.env, DATABASE_HOST: world.cluster.writerEndpoint.host })),
      )
      expect(state.annotations['dr.castmatch/run']).toBe('run-1')
      await vi.waitFor(
        () =>
          expect(watch.current()).toMatchObject({
            view: { replicas: 2, ready: 2, rollout: 'complete', databaseHost: world.cluster.writerEndpoint.host },
            error: null,
          }),
        wait,
      )
    } finally {
      watch.stop()
    }
  })

  test('is up in Prometheus', async () => {
    await vi.waitFor(async () => expect(await world.metrics.overview()).toMatchObject({ pgUp: true, targets: 4 }), wait)
  })
})

describe('the pooler', () => {
  test('pauses when no transaction is open, resumes, and both may be repeated', async () => {
    const { console: pgbouncer, facts } = world
    expect(await pgbouncer.pause(facts.database, 5_000)).toBe('paused')
    expect(await pgbouncer.pause(facts.database, 5_000)).toBe('paused')
    expect(await pgbouncer.pools()).toMatchObject({ present: true, paused: true, serversActive: 0 })
    await pgbouncer.resume(facts.database)
    await pgbouncer.resume(facts.database)
    expect((await pgbouncer.pools()).paused).toBe(false)
    await pgbouncer.reconnect(facts.database)
    await world.pooled.heartbeat()
    expect((await pgbouncer.servers()).map((s) => s.address)).toContain(world.cluster.writerEndpoint.host)
  })

  test('gives up pausing behind an open transaction, while its console still answers; kill and resume clear it', async () => {
    const { console: pgbouncer, facts } = world
    const client = world.application()
    client.on('error', () => {})
    await client.connect()
    await client.query('BEGIN; SELECT 1')
    const pausing = pgbouncer.pause(facts.database, 600)
    await vi.waitFor(async () => expect((await pgbouncer.pools()).serversActive).toBe(1), wait)
    expect(await pausing).toBe('timed-out')
    await pgbouncer.kill(facts.database)
    expect(await pgbouncer.pools()).toMatchObject({ paused: true, serversActive: 0, clientsActive: 0 })
    await expect(client.query('SELECT 1')).rejects.toThrow()
    await pgbouncer.resume(facts.database)
    await vi.waitFor(() => world.pooled.heartbeat(), wait)
  })

  test('never receives a name that is more than a name', async () => {
    await expect(world.console.kill('x"; SHUTDOWN; --')).rejects.toMatchObject({ errorClass: 'config' })
    expect((await world.console.pools()).present).toBe(true)
  })

  test('that knows no such pool refuses without a change', async () => {
    await expect(world.console.kill('no_such_pool')).rejects.toMatchObject({
      errorClass: 'state',
      detail: { outcome: 'rejected' },
    })
  })

  test('that stopped is refused, and responds again when it is back', async () => {
    await running.lab.startFault('pooler-stop', null, {})
    await expect(world.console.pools()).rejects.toMatchObject({ errorClass: 'unreachable' })
    await running.lab.heal('pooler-stop')
    await vi.waitFor(async () => expect((await world.console.pools()).present).toBe(true), wait)
  })
})

describe('an API that fails', () => {
  test('by hanging ends a read within its limit', async () => {
    await running.lab.startFault('api-hang', 'rds', { when: 'before', calls: 0, operation: '' })
    await expect(world.rds.cluster(world.facts.clusterId)).rejects.toMatchObject({ detail: { probe: 'timeout' } })
    await running.lab.heal('api-hang')
    expect((await world.rds.cluster(world.facts.clusterId)).status).toBe('available')
  })

  test('with expired credentials is a matter of rights', async () => {
    await running.lab.startFault('expired-token', 'rds', { calls: 1 })
    await expect(world.rds.identity()).rejects.toMatchObject({ errorClass: 'auth' })
  })
})

describe('the writer dies', () => {
  test('and its idle connection says so before any probe; then it refuses', async () => {
    const lost: string[] = []
    const writer = world.node('castmatch-prod-primary')
    await writer.position()
    writer.onLost(({ kind }) => lost.push(kind))
    await running.lab.startFault('kill-writer', null, {})
    await vi.waitFor(() => expect(lost).toHaveLength(1), wait)
    await expect(writer.position()).rejects.toMatchObject({ detail: { probe: 'refused' } })
    await expect(world.endpoint.heartbeat()).rejects.toMatchObject({ detail: { probe: 'refused' } })
    const reader = await world.node('castmatch-prod-replica-1').position()
    expect(reader.receiver).toBeNull()
    expect(reader.haveLsn).toBeGreaterThan(0n)
    await vi.waitFor(async () => expect((await world.metrics.overview()).pgUp).toBe(false), wait)
  })

  test('a failover whose answer is lost is in doubt, happened once, and ends with a new writer on the next timeline', async () => {
    const { rds, facts } = world
    const target = 'castmatch-prod-replica-1'
    const since = Date.now() - 1_000
    await running.lab.startFault('api-reply-lost', 'rds', { calls: 1, operation: 'FailoverDBCluster' })
    const input = { DBClusterIdentifier: facts.clusterId, TargetDBInstanceIdentifier: target }
    const sent = rds.control.execute({ ...awsCalls.FailoverDBCluster, input })
    await expect(sent).rejects.toMatchObject({ detail: { outcome: 'unknown' } })
    const calls = running.lab.context.log.list().filter((entry) => entry.operation === 'FailoverDBCluster')
    expect(calls).toHaveLength(1)
    await vi.waitFor(async () => {
      const cluster = await rds.cluster(facts.clusterId)
      expect(cluster.members.filter((m) => m.isWriter).map((m) => m.id)).toEqual([target])
      expect(cluster.status).toBe('available')
    }, wait)
    await vi.waitFor(async () => {
      expect(await world.endpoint.position()).toMatchObject({ standby: false, timeline: 2 })
      await world.endpoint.heartbeat()
    }, wait)
    const events = await rds.events([facts.clusterId], since)
    expect(events.some((e) => e.categories.includes('failover'))).toBe(true)
    await vi.waitFor(async () => expect((await world.metrics.overview()).pgUp).toBe(true), wait)
  })
})
