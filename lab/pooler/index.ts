import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shapeOf } from '../aws/shape'
import { type Address, type Lab, LabStateError } from '../contract'
import { spoils } from '../faults/spoilt-reply'
import { labEndpoints } from '../ports'
import { applicationUser, collectorUser } from '../postgres/seed'
import { roomsOf } from '../workload/rooms'
import { PoolerFront } from './front'
import { findPgbouncer, installPgbouncer, Pgbouncer } from './pgbouncer'

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
 * The real PgBouncer in front of the writer endpoint, when it is installed; otherwise the application connects directly
 * and `<dataDir>/pooler.json` says so with the command that adds it. Register it before the workload's pods.
 */
export function registerPooler(lab: Lab): void {
  const { context, secrets } = lab
  const rooms = roomsOf(lab)
  const program = findPgbouncer()
  const listen = { host: '127.0.0.1', port: context.ports.pgbouncer }
  rooms.pooler = program
    ? { present: true, address: listen, reason: null }
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
  const behind = { host: labEndpoints.pooler, port: listen.port }
  const front = new PoolerFront(listen, behind, context.log)
  const pooler = new Pgbouncer({
    program,
    directory: join(context.dataDir, 'pgbouncer'),
    listen: behind,
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
  lab.addPart({
    start: async () => {
      await pooler.start()
      writeDescription()
    },
    repair: async () => {
      await pooler.heal()
      pooler.resumeAll()
    },
    stop: () => pooler.stop(),
  })
  if (shapeOf(context) === 'instance')
    lab.addFault({
      id: 'pooler-host',
      once: true,
      title: 'Change PgBouncer’s host, as its operator would',
      group: 'Network',
      targets: () => context.cluster.nodes().map(({ id }) => ({ id, title: id })),
      parameters: [],
      start: async (target) => {
        const node = target ? context.cluster.node(target) : undefined
        if (!node) throw new LabStateError('NoSuchNode', 'Name the node to which PgBouncer shall lead.')
        await pooler.leadTo(node.address)
      },
      heal: async () => undefined,
    })
  for (const { how, title } of spoils)
    lab.addFault({
      id: `pooler-reply-${how}`,
      title: `Reply of PgBouncer’s console ${title}, after the command`,
      group: 'Network',
      targets: () => [],
      parameters: [
        { name: 'calls', title: 'Commands (0 = until healed)', type: 'number', default: 1 },
        { name: 'operation', title: 'Command (empty = every that changes something)', type: 'text', default: '' },
      ],
      holds: () => front.fault?.how === how && front.fault.left > 0,
      start: async (_target, { calls, operation }) => {
        const left = Number(calls) || Number.POSITIVE_INFINITY
        front.fault = { how, command: String(operation ?? '').toUpperCase() || null, left }
      },
      heal: async () => {
        if (front.fault?.how === how) front.fault = null
      },
    })
  lab.addFault({
    id: 'pooler-stop',
    title: 'Stop PgBouncer',
    group: 'Network',
    targets: () => [],
    parameters: [],
    holds: () => pooler.pid === null,
    start: async () => {
      if (!pooler.pid) throw new LabStateError('NotRunning', 'PgBouncer is not running.')
      await pooler.stop()
    },
    heal: () => pooler.heal(),
  })
  lab.addFault({
    id: 'pooler-dead',
    title: 'Kill PgBouncer, and leave it dead until healed',
    group: 'Network',
    targets: () => [],
    parameters: [],
    holds: () => pooler.pid === null,
    start: () => pooler.kill(),
    heal: () => pooler.heal(),
  })
  lab.addFault({
    id: 'pooler-refuses',
    title: 'PgBouncer refuses connections, though it runs',
    group: 'Network',
    targets: () => [],
    parameters: [],
    holds: () => pooler.refuses,
    start: () => pooler.refuse(),
    heal: () => pooler.heal(),
  })
}
