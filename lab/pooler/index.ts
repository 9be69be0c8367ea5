import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Lab, LabStateError } from '../contract'
import { applicationUser, collectorUser } from '../postgres/seed'
import { roomsOf } from '../workload/rooms'
import { findPgbouncer, installPgbouncer, Pgbouncer } from './pgbouncer'

export const poolerAdmin = 'warroom_pooler'

/** Password of the pooler's admin: stable for a data directory, never the same as the lab's token. */
export function poolerPassword(labToken: string): string {
  return createHmac('sha256', labToken).update('pgbouncer').digest('base64url')
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
  const pooler = new Pgbouncer({
    program,
    directory: join(context.dataDir, 'pgbouncer'),
    listen,
    backend: context.cluster.writerEndpoint,
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
    stop: () => pooler.stop(),
  })
  lab.addFault({
    id: 'pooler-stop',
    title: 'Stop PgBouncer',
    group: 'Network',
    targets: () => [],
    parameters: [],
    start: async () => {
      if (!pooler.pid) throw new LabStateError('NotRunning', 'PgBouncer is not running.')
      await pooler.stop()
    },
    heal: () => pooler.start(),
  })
}
