import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shapeOf } from '../aws/shape'
import { type Address, type Lab, LabStateError } from '../contract'
import { spoils } from '../faults/spoilt-reply'
import { labEndpoints, labPoolers } from '../ports'
import { applicationUser, collectorUser } from '../postgres/seed'
import { roomsOf } from '../workload/rooms'
import { PoolerFront } from './front'
import { findPgbouncer, installPgbouncer, Pgbouncer } from './pgbouncer'
import { PoolerService } from './service'

export const poolerAdmin = 'warroom_pooler'

/** Password of the pooler's admin: stable for a data directory, never the same as the lab's token. */
export function poolerPassword(labToken: string): string {
  return createHmac('sha256', labToken).update('pgbouncer').digest('base64url')
}

/** A cluster has an endpoint that follows the writer; lone instances have their own addresses only. */
function backendOf(context: Lab['context']): Address {
  const first = context.cluster.nodes()[0]
  return shapeOf(context) === 'instance' && first ? first.address : context.cluster.writerEndpoint
}

/**
 * Two real PgBouncer processes in front of the writer endpoint, when it is installed, and one address in front of both;
 * otherwise the application connects directly and `<dataDir>/pooler.json` says so with the command that adds it. Register it
 * before the workload's pods.
 */
export function registerPooler(lab: Lab): void {
  const { context, secrets } = lab
  const rooms = roomsOf(lab)
  const program = findPgbouncer()
  const { pgbouncer: port } = context.ports
  const service = new PoolerService(
    { host: labEndpoints.poolerService, port },
    labPoolers.map(({ front }) => ({ host: front, port })),
  )
  rooms.pooler = program
    ? { present: true, address: service.listen, reason: null }
    : { present: false, address: null, reason: `PgBouncer is not installed; add it with: ${installPgbouncer}` }
  const writeDescription = () =>
    writeFileSync(
      join(context.dataDir, 'pooler.json'),
      `${JSON.stringify({ ...rooms.pooler, database: 'pgbouncer', user: poolerAdmin }, null, 2)}\n`,
      { mode: 0o600 },
    )
  if (!program) {
    lab.describe({ poolerMissing: rooms.pooler.reason })
    lab.addPart({ start: writeDescription })
    return
  }
  const password = poolerPassword(secrets.token)
  lab.addEnvironment('LAB_POOLER_PASSWORD', password)
  const poolers = labPoolers.map((one) => {
    const listen = { host: one.behind, port }
    const front = new PoolerFront({ host: one.front, port }, listen, context.log, one.name)
    const process = new Pgbouncer({
      program,
      directory: join(context.dataDir, one.folder),
      listen,
      front,
      backend: backendOf(context),
      database: context.cluster.databaseName,
      adminUser: poolerAdmin,
      passwords: {
        [poolerAdmin]: password,
        [applicationUser]: secrets.applicationPassword,
        [collectorUser]: secrets.warroomPassword,
      },
    })
    return { name: one.name, front, process }
  })
  const every = (work: (pooler: (typeof poolers)[number]) => Promise<void>, among = poolers) =>
    Promise.all(among.map(work)).then(() => undefined)
  lab.addPart({
    start: async () => {
      await every(({ process }) => process.start())
      await service.open()
      writeDescription()
    },
    repair: () =>
      every(async ({ process }) => {
        await process.heal()
        process.resumeAll()
      }),
    stop: async () => {
      await service.close()
      await every(({ process }) => process.stop())
    },
  })
  context.region?.on('change', () => {
    const silence = context.region?.silence('data') ?? null
    for (const one of [service, ...poolers.map(({ front }) => front)]) one.setReach(silence)
  })
  const places = (): { id: string; address: Address }[] => [
    ...(shapeOf(context) === 'instance'
      ? context.cluster.nodes().map(({ id, address }) => ({ id, address }))
      : [{ id: context.cluster.id, address: context.cluster.writerEndpoint }]),
    ...context.estate.clusters().map(({ id, writerEndpoint }) => ({ id, address: writerEndpoint })),
    ...context.estate
      .instances()
      .filter(({ clusterId }) => clusterId === null)
      .map(({ id, address }) => ({ id, address })),
  ]
  lab.addFault({
    id: 'pooler-host',
    once: true,
    title: 'Change PgBouncer’s host and reload it, as its operator would',
    group: 'Network',
    targets: () => places().map(({ id }) => ({ id, title: id })),
    parameters: [],
    start: async (target) => {
      const place = places().find(({ id }) => id === target)
      if (!place) throw new LabStateError('NoSuchNode', 'Name the node or cluster to which PgBouncer shall lead.')
      await every(({ process }) => process.leadTo(place.address))
    },
    heal: async () => undefined,
  })
  const targets = () => [
    { id: allPoolers, title: 'All PgBouncer processes' },
    ...poolers.map(({ name }) => ({ id: name, title: name })),
  ]
  const among = (target: string | null) =>
    poolers.filter(({ name }) => target === null || target === allPoolers || target === name)
  for (const { how, title } of spoils) {
    const spoilt = () => poolers.filter(({ front }) => front.fault?.how === how)
    lab.addFault({
      id: `pooler-reply-${how}`,
      title: `Reply of PgBouncer’s console ${title}, after the command`,
      group: 'Network',
      targets,
      parameters: [
        { name: 'calls', title: 'Commands (0 = until healed)', type: 'number', default: 1 },
        { name: 'operation', title: 'Command (empty = every that changes something)', type: 'text', default: '' },
      ],
      holds: () => spoilt().some(({ front }) => (front.fault?.left ?? 0) > 0),
      start: async (target, { calls, operation }) => {
        const left = Number(calls) || Number.POSITIVE_INFINITY
        for (const { front } of among(target))
          front.fault = { how, command: String(operation ?? '').toUpperCase() || null, left }
      },
      heal: async () => {
        for (const { front } of spoilt()) front.fault = null
      },
    })
  }
  const fault = (
    id: string,
    title: string,
    holds: (process: Pgbouncer) => boolean,
    strike: (process: Pgbouncer) => Promise<void>,
  ) => {
    let struck: typeof poolers = []
    lab.addFault({
      id,
      title,
      group: 'Network',
      targets,
      parameters: [],
      holds: () => struck.some(({ process }) => holds(process)),
      start: async (target) => {
        struck = [...new Set([...struck, ...among(target)])]
        await every(({ process }) => strike(process), among(target))
      },
      heal: async () => {
        const healed = struck
        struck = []
        await every(({ process }) => process.heal(), healed)
      },
    })
  }
  fault(
    'pooler-stop',
    'Stop PgBouncer',
    (process) => process.pid === null,
    async (process) => {
      if (!process.pid) throw new LabStateError('NotRunning', 'PgBouncer is not running.')
      await process.stop()
    },
  )
  fault(
    'pooler-dead',
    'Kill PgBouncer, and leave it dead until healed',
    (process) => process.pid === null,
    (process) => process.kill(),
  )
  fault(
    'pooler-refuses',
    'PgBouncer refuses connections, though it runs',
    (process) => process.refuses,
    (process) => process.refuse(),
  )
}

/** Every process at once. */
const allPoolers = 'all'
